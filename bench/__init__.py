"""Every bar that Concord sets itself, measured on the real servers, beside its peers, and printed as a table.

`python -m bench` measures all groups, `python -m bench store http` some. `bars.py` lists what must hold, one file per
group measures it. A bar that nothing measured is printed as missing and counts as falling short.
"""
