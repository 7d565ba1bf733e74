"""What Optimizer.load_state_dict accepts, and what it refuses without a change."""

import copy

import pytest

import wengert as wg

MAKE = {
    "SGD": lambda p: wg.optim.SGD(p, lr=0.1, momentum=0.9),
    "Adam": wg.optim.Adam,
    "Adagrad": wg.optim.Adagrad,
    "Adadelta": wg.optim.Adadelta,
    "Adamax": wg.optim.Adamax,
    "ASGD": wg.optim.ASGD,
    "NAdam": wg.optim.NAdam,
    "RAdam": wg.optim.RAdam,
    "RMSprop": wg.optim.RMSprop,
    "Rprop": wg.optim.Rprop,
    "SparseAdam": wg.optim.SparseAdam,
    "LBFGS": wg.optim.LBFGS,
    "Adafactor": wg.optim.Adafactor,
    "Muon": wg.optim.Muon,
}
# For each, those whose state and options hold all that it needs, with the same meaning.
KIN = {
    "Adam": {"RAdam", "NAdam"},
    "RAdam": {"Adam", "NAdam"},
    "SparseAdam": {"Adam", "RAdam", "NAdam"},
}


def stepped(name, shape=(2, 3)):
    p = wg.nn.Parameter(wg.ones(shape))
    optimizer = MAKE[name]([p])
    step(optimizer, p)
    return optimizer


def step(optimizer, p):
    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        if isinstance(optimizer, wg.optim.SparseAdam):
            p.grad = p.grad.to_sparse()
        return loss

    optimizer.step(closure)


def refuses(optimizer, saved, match):
    before, groups = optimizer.state_dict(), copy.deepcopy(optimizer.state_dict()["param_groups"])
    with pytest.raises(ValueError, match=match):
        optimizer.load_state_dict(saved)
    after = optimizer.state_dict()
    assert after["param_groups"] == groups
    assert after["state"].keys() == before["state"].keys()
    for key, state in before["state"].items():
        assert state.keys() == after["state"][key].keys()
        assert all(after["state"][key][k] is v for k, v in state.items())


@pytest.mark.parametrize("theirs", MAKE)
@pytest.mark.parametrize("ours", MAKE)
def test_only_the_state_of_such_an_optimizer(ours, theirs):
    optimizer, other = stepped(ours), stepped(theirs)
    saved = other.state_dict()
    if ours == theirs or theirs in KIN.get(ours, ()):
        optimizer.load_state_dict(saved)
        step(optimizer, optimizer.param_groups[0]["params"][0])
    else:
        refuses(optimizer, saved, f"^{ours}.load_state_dict: .*expected .*, got .*; load ")


@pytest.mark.parametrize("name", MAKE)
def test_every_entry_is_needed(name):
    optimizer = stepped(name)
    state = optimizer.state_dict()["state"][0]
    for missing in state:
        saved = stepped(name).state_dict()
        saved["state"][0] = {k: v for k, v in state.items() if k != missing}
        if name in ("SGD", "Muon") or (name, missing) == ("LBFGS", "al"):
            optimizer.load_state_dict(saved)  # begins when it is first needed
            step(optimizer, optimizer.param_groups[0]["params"][0])
        else:
            refuses(optimizer, saved, f"parameter 0: expected .*{missing}")


@pytest.mark.parametrize("name", MAKE)
def test_shapes_must_fit(name):
    optimizer = stepped(name)
    refuses(optimizer, stepped(name, (2, 4)).state_dict(), r"parameter 0: expected '.*' to be a .*")
    state = stepped(name).state_dict()
    for key in state["state"][0].keys() - {"al"}:  # room for numbers of a step
        for bad in ("text", wg.ones(5)):
            saved = {**state, "state": {0: {**state["state"][0], key: bad}}}
            refuses(optimizer, saved, f"parameter 0: expected '{key}' to be .*, got .*; load")


def test_what_is_no_state_of_a_parameter():
    optimizer = stepped("Adam")
    saved = optimizer.state_dict()
    refuses(optimizer, {**saved, "state": {0: [1, 2]}}, "expected a dict as its state, got list")


def test_amsgrad_needs_its_maximum():
    p = wg.nn.Parameter(wg.ones(2))
    optimizer = wg.optim.Adam([p], amsgrad=True)
    step(optimizer, p)
    saved = optimizer.state_dict()
    del saved["state"][0]["max_exp_avg_sq"]
    refuses(optimizer, saved, "lacks 'max_exp_avg_sq'")
    saved["param_groups"][0]["amsgrad"] = False
    optimizer.load_state_dict(saved)


def test_other_options_and_missing_newer_ones_are_accepted():
    p = wg.nn.Parameter(wg.ones(2))
    optimizer = wg.optim.Adam([p], lr=0.1)
    step(optimizer, p)
    saved = wg.optim.Adam([wg.nn.Parameter(wg.ones(2))], lr=0.5, eps=1e-3).state_dict()
    for newer in ("foreach", "maximize", "capturable", "differentiable", "fused", "amsgrad"):
        del saved["param_groups"][0][newer]
    saved["param_groups"][0]["initial_lr"] = 0.5
    optimizer.load_state_dict(saved)  # of an optimizer that has made no step
    assert not optimizer.state
    group = optimizer.param_groups[0]
    assert (group["lr"], group["eps"], group["amsgrad"]) == (0.5, 1e-3, False)
    step(optimizer, p)


def test_steps_may_be_numbers_and_keys_more():
    p = wg.nn.Parameter(wg.ones(2))
    optimizer = wg.optim.Adam([p])
    step(optimizer, p)
    for count in (1, 1.0, wg.ones(1)):
        saved = optimizer.state_dict()
        saved["state"][0] = {**saved["state"][0], "step": count, "mine": "text"}
        other = wg.optim.Adam([q := wg.nn.Parameter(wg.ones(2))])
        other.load_state_dict(saved)
        step(other, q)
        assert float(other.state[q]["step"]) == 2
        assert other.state[q]["mine"] == "text"


def test_a_step_of_the_users_own_may_keep_what_it_likes():
    class Mine(wg.optim.Adam):
        def step(self, closure=None):
            for p in self.param_groups[0]["params"]:
                self.state[p]["count"] = self.state[p].get("count", 0) + 1

    p = wg.nn.Parameter(wg.ones(2))
    optimizer = Mine([p])
    optimizer.step()
    other = Mine([p])
    other.load_state_dict(optimizer.state_dict())
    assert other.state[p] == {"count": 1}
