"""What ``make evaluate`` measures: one file a part, and nothing to be edited elsewhere to add one.

Every module of this folder with a function ``evaluate`` is a part::

    TITLE = "Fusion: observations → incidents"

    def evaluate(regimes: Sequence[str], seeds: Sequence[int], budget: Budget) -> list[Row | Picture]: ...

- The harness calls it once for each regime (``regimes`` holds that one), two regimes at a time in
  processes of their own, and keeps what it returns as JSON lines in a work folder; a part that must
  see all regimes at once says ``WHOLE = True``.
- ``seeds`` are the published ones (5000 and on): nothing may be chosen by them. What is to be
  trained or tuned uses ``TRAINING_SEEDS`` (1000 to 1019) through ``fronts.fronts``.
- ``budget`` says how long the part may take for this call (``budget.left_s()``), whether the run is
  a quick one (``budget.quick``) and where files may be kept (``budget.work``). A part that runs out
  of time returns what it has, with the number of runs in ``Row.n``.
- ``rows.row(metric, regime, target, measured, …)`` makes a row and says whether the target is met;
  ``target`` is a text such as ``≥ 0.99``, ``≤ 0.05``, ``0.93 to 0.97`` or empty. ``measured`` is
  None where nothing could be measured, and ``note`` then says why. ``lo`` and ``hi`` are a 95 %
  interval (``rows.over_seeds`` gives one), ``ideal`` is the ideal observer's figure on the same data.
- A part returns pictures too, if it has any: ``rows.Reliability``, ``rows.Ranks``.

A part is tried alone with ``python tools/evaluate.py --part NAME --regime quiet --quick``.
"""
