"""Every bar, in the order of the table. The numbers are promises to users: change one only together with the reason."""

from __future__ import annotations

from bench.table import Bar

STOCK, UMADB, TRYTON = "eventsourcing", "UmaDB", "Tryton"

_STORE = (
    Bar("append.1", "store", "append, 1 writer", "/s", 2, peer=STOCK),
    Bar("append.8", "store", "append, 8 writers", "/s", 4, peer=STOCK),
    Bar("append.64", "store", "append, 64 writers", "/s", 18, peer=STOCK),
    Bar("append.1.umadb", "store", "append, 1 writer", "/s", 1, peer=UMADB),
    Bar("append.8.umadb", "store", "append, 8 writers", "/s", 0.9, peer=UMADB),
    Bar("append.64.umadb", "store", "append, 64 writers", "/s", 1, peer=UMADB),
    Bar("bulk", "store", "bulk append, events ready", "events/s", 60_000),
    Bar("two", "store", "64 writers in two processes, of the rate in one", "of one", 0.8),
    Bar("flat", "store", "rate at 5,000,000 events, of the rate at 10,000", "of first", 0.8),
    Bar("snapshot", "store", "rate with a snapshot open for a minute, of the rate before", "of first", 0.8),
)

_PATH = (
    Bar("path.open", "path", "load, decide, encode, append: opening, 64 in flight", "/s", 15, peer=STOCK),
    Bar("path.change", "path", "the same, a command on an existing deal", "/s", 15, peer=STOCK),
    Bar("path.application", "path", "Application.save with Repository, existing deals, 64 threads", "/s", 4, peer=STOCK),
    Bar("path.group", "path", "asyncio with group load, existing deals, 64 in flight", "/s", 28, peer=STOCK),
)

_HTTP = (
    Bar("http.open", "http", "POST a new deal, 64 connections", "/s", 2_000),
    Bar("http.open.p95", "http", "the same, p95", "ms", 60, "most"),
    Bar("http.advance", "http", "advance an existing deal, 64 connections", "/s", 2_000),
    Bar("http.advance.p95", "http", "the same, p95", "ms", 60, "most"),
    Bar("http.open.8.tryton", "http", "POST a new deal, 8 connections", "/s", 12, peer=TRYTON),
    Bar("http.open.64.tryton", "http", "POST a new deal, 64 connections", "/s", 12, peer=TRYTON),
    Bar("http.advance.8.tryton", "http", "advance an existing deal, 8 connections", "/s", 12, peer=TRYTON),
    Bar("http.advance.64.tryton", "http", "advance an existing deal, 64 connections", "/s", 12, peer=TRYTON),
)

_PROJECTIONS = (
    Bar("fold", "projections", "live folding through all read models together", "events/s", 5_000),
    Bar("rebuild.one", "projections", "rebuild, the slowest read model alone", "events/s", 40_000),
    Bar("rebuild.all", "projections", "rebuild, all read models at once", "events/s", 10_000),
    Bar("board", "projections", "board of 10,000 open deals (1,000,000 events)", "ms", 100, "most"),
    Bar("list.p95", "projections", "any page of the deal list, p95", "ms", 30, "most"),
    Bar("forecast.now", "projections", "forecast of today", "ms", 50, "most"),
    Bar("forecast.past", "projections", "forecast as of any past instant, p95", "ms", 150, "most"),
    Bar("lag.p95", "projections", "lag behind the log at 300 commands/s, p95", "ms", 300, "most"),
)

_CONTRACTS = (
    Bar("calendar.p95", "contracts", "any page of the contract calendar, 20,000 contracts, p95", "ms", 50, "most"),
    Bar("contracts.p95", "contracts", "any page of the contract list, p95", "ms", 50, "most"),
    Bar("contracts.past.p95", "contracts", "pages of both as of any past instant, p95", "ms", 150, "most"),
)

_WORKFLOWS = (
    Bar("move.p50", "workflows", "HTTP request to new stage on the board, one at a time, p50", "ms", 200, "most"),
    Bar("move.p95", "workflows", "the same, p95", "ms", 1_000, "most"),
    Bar("move.rate", "workflows", "moves carried through, sustained", "/s", 40),
    Bar("move.takeup", "workflows", "a move while imported deals are taken up, slowest", "ms", 1_000, "most"),
)

_IMPORT = (
    Bar("import.rate", "import", "import of a large file", "rows/s", 10_000),
    Bar("import.others.p95", "import", "other users' commands meanwhile, p95", "ms", 50, "most"),
    Bar("import.maven", "import", "the Maven files, end to end with projections", "s", 6, "most"),
)

_DEMO = (Bar("demo", "demo", "two years of a company's history", "s", 30, "most"),)

_UP = (
    Bar("up.ready", "up", "concord up until ready, once set up", "s", 10, "most"),
    Bar("up.memory", "up", "memory of all processes together (shared pages once)", "MB", 1_000, "most"),
    Bar("up.idle", "up", "idle load", "% of a core", 5, "most"),
)

_AUDIT = (
    Bar("audit.search", "audit", "first page of any search of the log (1,000,000 events), p95", "ms", 200, "most"),
    Bar("audit.state", "audit", "state of a thing at a version, p95", "ms", 20, "most"),
    Bar("audit.difference", "audit", "what changed in the forecast between two moments, p95", "ms", 500, "most"),
)

_DISPUTES = (
    Bar("disputes.queue.p95", "disputes", "any page of the dispute queue (50,000 cases), p95", "ms", 50, "most"),
    Bar("disputes.list.p95", "disputes", "any page of the list of disputes, in every order, p95", "ms", 50, "most"),
    Bar("disputes.past.p95", "disputes", "the queue as of any past instant, p95", "ms", 150, "most"),
    Bar("disputes.figures", "disputes", "days and leakage of all cases, by one split", "ms", 300, "most"),
)

_PROOFS = (
    Bar("proofs.rebuild", "proofs", "making the tiles of 1,000,000 events anew", "leaves/s", 100_000),
    Bar("proofs.inclusion.p95", "proofs", "the proof of an event among 1,000,000, p95", "ms", 10, "most"),
    Bar("proofs.append", "proofs", "append without the signer, of the rate beside it, 64 writers", "of beside", 1.1, "most"),
)

BARS: tuple[Bar, ...] = (
    *_STORE,
    *_PATH,
    *_HTTP,
    *_PROJECTIONS,
    *_CONTRACTS,
    *_WORKFLOWS,
    *_IMPORT,
    *_DISPUTES,
    *_AUDIT,
    *_PROOFS,
    *_DEMO,
    *_UP,
)
GROUPS: tuple[str, ...] = tuple(dict.fromkeys(bar.group for bar in BARS))
