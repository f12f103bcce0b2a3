"""Faces per second of every stage of training, held against what the machine allows.

windows.py   timing: warm-up that is not counted, then at least five windows
limits.py    the matrix peak and the memory bandwidth, measured; what of them a step could use at best
stages.py    data, model, step, epoch and round of one setting
baseline.py  a plain loop of the published code's structure, beside them
report.py    what was measured on what, as a table
"""
