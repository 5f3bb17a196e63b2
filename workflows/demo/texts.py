"""What people of the demo write down: short, as in real notes. Words in braces are filled in."""

from __future__ import annotations

from domain.interactions import Direction
from domain.interactions import InteractionKind as K

Note = tuple[K, Direction | None, str, str]
_OUT, _IN = Direction.OUTBOUND, Direction.INBOUND

TALKS: dict[str, tuple[Note, ...]] = {
    "qualify": (
        (
            K.CALL,
            _OUT,
            "First call with {who}",
            "They lose about {n} hours a month to unplanned stops on line {line}. Open to a closer look.",
        ),
        (
            K.EMAIL,
            _IN,
            "Question about {thing}",
            "{who} found us through the trade press and asks for a data sheet and a reference in {industry}.",
        ),
        (
            K.MEETING,
            None,
            "Introduction at the fair",
            "Met {who} at our stand. Current supplier is slow to answer; contract ends next year.",
        ),
        (
            K.CALL,
            _OUT,
            "Need and cost",
            "Scrap from late detection costs them around {n}k a year by their own count. Budget is not fixed yet.",
        ),
    ),
    "discover": (
        (
            K.VISIT,
            None,
            "Plant tour",
            "Walked lines {line} to {line2} with {who}. Mounting space is tight, cabling can be reused. Took photos of the cabinets.",
        ),
        (
            K.MEETING,
            None,
            "Meeting with operations",
            "{boss} wants payback under 18 months and no stop of more than one shift for the installation.",
        ),
        (
            K.CALL,
            _OUT,
            "Technical questions",
            "Protocol is PROFINET throughout, {erp} behind it. They ask for OPC UA on the gateway; we have it.",
        ),
        (
            K.EMAIL,
            _IN,
            "Drawings received",
            "{who} sent the layout of hall {line}. {n} measuring points marked, some of them in the wet area.",
        ),
        (K.MEETING, None, "Budget talk", "{boss} named a frame for this year. Anything above needs the group's signature."),
    ),
    "propose": (
        (
            K.MEETING,
            None,
            "Proposal walked through",
            "Presented the proposal to {who} and two colleagues. They like {thing}; the training days were questioned.",
        ),
        (K.EMAIL, _OUT, "Proposal sent", "Sent the proposal with a second option without the software. {who} confirms it arrived."),
        (
            K.CALL,
            _IN,
            "Comparison with a competitor",
            "{who} has an offer from {rival} on the table, about {n} % below ours, without commissioning.",
        ),
        (
            K.CALL,
            _OUT,
            "Pilot results",
            "Pilot on line {line} found a bearing fault nine days ahead. {who} will use it in the internal case.",
        ),
        (
            K.MEETING,
            None,
            "Reference visit",
            "Took {who} to a reference customer. Good questions on calibration intervals; left convinced.",
        ),
    ),
    "negotiate": (
        (K.CALL, _IN, "Price", "Purchasing asks for {n} % and 60 days. Offered a volume step instead; they come back this week."),
        (
            K.MEETING,
            None,
            "Terms",
            "Went through delivery and penalties with {who}. Open: cap on liability and the spare parts price list.",
        ),
        (K.EMAIL, _OUT, "Revised offer", "Sent revision 2 with the agreed quantities. Valid for three weeks."),
        (
            K.CALL,
            _OUT,
            "Delivery dates",
            "{who} needs the first {n} pieces before the summer stop. Checked with production: feasible if ordered this month.",
        ),
    ),
    "paper": (
        (
            K.EMAIL,
            _IN,
            "Contract comments",
            "Their legal returned the contract with {n} comments, none of them on price. Forwarded to ours.",
        ),
        (K.CALL, _OUT, "Signature", "{boss} signs on {day}s only. Papers are on the desk, {who} chases it."),
        (K.CALL, _IN, "Order number", "{who} called: the order is released in {erp}, number follows by mail."),
    ),
}
KICK_OFF: Note = (
    K.MEETING,
    None,
    "Kick-off",
    "Handed over to delivery. {who} is the contact on site; first shipment in four weeks, commissioning after.",
)
REOPENED: Note = (
    K.CALL,
    _IN,
    "They are back",
    "{who} called: the budget is there again, and they remember our pilot. Same scope as before, to be priced anew.",
)
SILENCE: tuple[Note, ...] = (
    (K.CALL, _OUT, "No answer", "Tried {who} twice this week, left a message."),
    (K.EMAIL, _OUT, "Short reminder", "Asked {who} whether the project still has priority this quarter."),
    (K.CALL, _OUT, "On hold", "{who} says all projects over 20k are on hold until the new plant manager has looked at them."),
)
SUPPLY: tuple[Note, ...] = (
    (K.CALL, _OUT, "Late delivery", "Call-off {n} is nine days late. {who} promises part of it for {day}, the rest next week."),
    (K.MEETING, None, "Quarterly review", "On time {n} %, two complaints open. {who} brings a plan for the soldering defects."),
    (
        K.EMAIL,
        _IN,
        "Price increase announced",
        "{who} announces {n} % from next quarter because of raw materials. Asked for the index behind it.",
    ),
    (
        K.VISIT,
        None,
        "Audit on site",
        "Audited incoming inspection and traceability. One finding: calibration of the torque tools is overdue.",
    ),
    (
        K.CALL,
        _IN,
        "Wrong quantity",
        "Delivered {n} pieces short against the note. {who} sends a credit note or the missing pieces, whichever is faster.",
    ),
)

PROMISES = (
    "Send {who} the data sheet and the declaration of conformity",
    "Call {who} about the open technical points",
    "Send the revised quantities to {who}",
    "Arrange a date for the visit with {who}",
    "Clarify the delivery date with production",
    "Ask for the drawing of hall {line}",
    "Prepare the payback calculation for {boss}",
    "Get the reference list for {industry} to {who}",
)
SUPPLY_PROMISES = (
    "Check that the rest of call-off {n} has arrived",
    "Ask {who} for the corrective action report",
    "Compare the announced prices with the index",
    "Agree on a new delivery schedule with {who}",
)
OUTCOMES = ("Done, they have what they need.", "Sent.", "Settled by phone.", None, "Answered; nothing open.", None)
STEPS = {
    "qualify": ("Call {who} on the cost of standstill", "Find out who decides", "Arrange a plant tour"),
    "discover": ("Plant tour with {who}", "Meet {boss}", "Clarify budget with {boss}", "Run the pilot on line {line}"),
    "propose": ("Walk {who} through the proposal", "Get the date of the decision from {boss}", "Answer the questions on option 2"),
    "negotiate": ("Agree on payment terms with purchasing", "Send revision 2", "Get the terms confirmed in writing"),
    "paper": ("Get the contract signed by {boss}", "Send the countersigned copy", "Chase the purchase order"),
}
PUSH_REASONS: tuple[str, ...] = (
    "The buyer's decision moved with their budget round",
    "Plant stop was postponed",
    "Waiting for the group's signature",
    "Pilot takes longer than planned",
    "Legal review on their side is not done",
)
PULL_REASONS: tuple[str, ...] = ("They want the equipment before the summer stop", "Budget must be used this quarter")
LOST_NOTES = {
    "price": "About 12 % above the best offer, and no way to close the gap.",
    "competitor": "They chose the system that the sister plant has.",
    "no_budget": "Investment was cut for this year.",
    "no_decision": "Nobody there takes it further; the project has fallen asleep.",
    "timing": "Moved to after the new hall is built.",
    "product_fit": "Needs ATEX zone 1, which the series does not have.",
    "relationship": "Their new head of automation brings his supplier along.",
    "other": "The site is being closed; production moves abroad.",
}
RIVALS = ("Sentek Automation", "Baumgart Sensorik", "Orion Controls", "Detecta", "Halvorsen Instruments")
NAMES = ("{what} for {where}", "{where}: {what}", "{what}, {where}")
PROJECTS = {
    "Condition monitoring": ("Condition monitoring line {line}", "Vibration monitoring", "Predictive maintenance hall {line}"),
    "Level and flow": ("Tank farm level measurement", "Flow metering", "Pump station metering"),
    "Line automation": ("Line {line} automation", "Packaging line sensors", "Conveyor upgrade"),
    "Quality inspection": ("Vision inspection line {line}", "End-of-line inspection", "Weld seam inspection"),
    "Retrofit": ("Retrofit press {line}", "Sensor retrofit hall {line}", "Controls retrofit"),
}
SITES = ("main plant", "plant 2", "north site", "hall 4", "new hall", "filling line", "river site")
DAYS = ("Tuesday", "Wednesday", "Thursday")
REOPEN_REASONS = ("The budget was released after all", "The chosen supplier could not deliver", "The project is back on the plan")
REVERSAL_REASONS = ("The order was cancelled within the withdrawal period", "Booked twice: the order belongs to the frame contract")
BACK_NOTES = {
    "scope_changed": "They want the second line included; needs to be looked at anew.",
    "budget_changed": "The frame was cut by a third.",
    "stakeholder_changed": "New plant manager wants to understand it from the beginning.",
    "criteria_reopened": "Technical acceptance is questioned again by the group.",
}
