"""What `check` found, for people."""

from corpus_kit.check_lines import check_lines


def row(stage: str = "filter", rule: str = "a.b", verdict: str = "passes", metric: str = "m") -> dict:
    return {"stage": stage, "rule": rule, "metric": metric, "value": 1.0, "low": 1.0, "high": None, "verdict": verdict}


def found(*rows: dict, **more) -> dict:
    base = {"file": "a.txt", "lang": "dan_Latn", "lang_score": 0.987, "characters": 1234, "every": False}
    return {**base, "rows": list(rows), "edits": [], "metrics": [], "passed_over": [], "kept": True, **more}


def test_one_stage_needs_no_heading():
    assert check_lines(found(row())) == [
        "a.txt: dan_Latn (0.99), 1,234 characters",
        "",
        "rule  value  at least  at most  verdict",
        "a.b       1         1            passes",
        "",
        "kept: every rule passes",
    ]


def test_several_stages_have_one_and_the_verdict_says_which():
    lines = check_lines(found(row(), row("strict", "c.d", "fails"), row("strict", "c.e", "fails")))
    assert lines[2] == "filter:"
    assert "strict:" in lines
    assert lines[-1] == "rejected by strict: 2 rules fail"


def test_conditions_of_one_rule_are_told_apart_and_fail_once():
    lines = check_lines(found(row(rule="a.x", verdict="fails"), row(rule="a.x", verdict="fails", metric="n")))
    assert [line.split()[:2] for line in lines[3:5]] == [["a.x", "(m)"], ["a.x", "(n)"]]
    assert lines[-1] == "rejected: 1 rule fails"


def test_edits_metrics_and_what_was_passed_over():
    edits = [{"stage": "clean", "code": "clean.c4_javascript", "places": 1200, "about": ""}]
    metrics = [{"metric": "m", "value": None, "about": "About m"}, {"metric": "longer", "value": 0.12345, "about": "L"}]
    lines = check_lines(found(edits=edits, metrics=metrics, passed_over=["near"]))
    assert lines == [
        "a.txt: dan_Latn (0.99), 1,234 characters",
        "",
        "metrics of no rule:",
        "m               About m",
        "longer  0.1235  L",
        "",
        "edited by  rule                 places",
        "clean      clean.c4_javascript   1,200",
        "",
        "passed over: near",
        "",
        "kept: no stage has rules",
    ]


def test_all_rulesets_together_give_no_verdict():
    assert check_lines(found(row(verdict="fails"), row(rule="a.c"), every=True))[-1] == "1 of 2 rules fails"


def test_a_document_of_which_nothing_was_measured():
    reasons = [{"code": "normalize.empty", "value": None, "low": None, "high": None}]
    assert check_lines(found(stage="normalize", reasons=reasons)) == [
        "a.txt: rejected by normalize",
        "  normalize.empty",
    ]
