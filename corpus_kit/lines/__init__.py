"""Rules about the lines of a text: what they look at, what they remove, and the files that say how much is too much.

A line rule is one of three things, each a plain Python function of one line, registered under its name:

- a **measure** gives a number, and the rule removes lines whose number is out of its bounds (`measures`);
- a **flaw** says whether the line is to go (`flaws`);
- an **edit** cuts pieces out of the line (`edits`).

They are the specification and the oracle; `corpus_kit.kernels.lines` runs the same over Arrow arrays, in C. Which
functions make a ruleset, with what numbers and phrases, is said by `filters/lines/*.yaml`, which `rulesets` reads into
`rules`; `apply` runs rules over a text in Python, and `compiled` makes of them what the kernel takes.
"""
