"""nn.utils: what a comparison with PyTorch cannot show."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest

import wengert as wg
from wengert import nn
from wengert.nn.utils import parametrizations, parametrize, prune
from wengert.nn.utils.stateless import functional_call


class Twice(nn.Module):
    def forward(self, x: wg.Tensor) -> wg.Tensor:
        return 2 * x

    def right_inverse(self, x: wg.Tensor) -> wg.Tensor:
        return x / 2


def test_a_copy_of_a_parametrized_module_is_its_own() -> None:
    m = parametrize.register_parametrization(nn.Linear(3, 3), "weight", Twice())
    c = copy.deepcopy(m)
    parametrize.remove_parametrizations(m, "weight")
    assert type(m) is nn.Linear
    assert parametrize.is_parametrized(c, "weight")
    assert parametrize.type_before_parametrizations(c) is nn.Linear
    with wg.no_grad():
        c.parametrizations.weight.original.zero_()
    assert not bool((m.weight == 0).any())
    assert bool((c.weight == 0).all())
    parametrize.remove_parametrizations(c, "weight")
    assert type(c) is nn.Linear


def test_a_refused_parametrization_changes_nothing() -> None:
    m = nn.Linear(3, 2)
    before = m.weight
    with pytest.raises(ValueError, match="shape"):
        parametrize.register_parametrization(m, "weight", nn.Flatten(0))
    assert m.weight is before
    assert type(m) is nn.Linear


@pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning")
def test_removed_weight_norms_rename_no_older_names() -> None:
    m = parametrizations.weight_norm(nn.Linear(3, 2))
    parametrize.remove_parametrizations(m, "weight")
    state = nn.utils.weight_norm(nn.Linear(3, 2)).state_dict()
    nn.utils.weight_norm(m).load_state_dict(state)
    assert bool((m.weight_v == state["weight_v"]).all())


def test_optimizers_train_parametrized_modules() -> None:
    m = parametrizations.weight_norm(nn.Linear(3, 2))
    parameters = list(m.parameters())
    opt = wg.optim.SGD(parameters, 0.1)
    x = wg.randn(8, 3)
    first = last = 0.0
    for step in range(30):
        loss = (m(x) - 1).square().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        first, last = (loss.item() if step == 0 else first), loss.item()
    assert last < first


@pytest.mark.parametrize("new", [False, True])
def test_spectral_norm_finds_the_largest_singular_value(new: bool) -> None:
    wg.manual_seed(0)
    m = nn.Linear(6, 4).to(wg.float64)
    sigma = np.linalg.svd(m.weight.detach().numpy(), compute_uv=False)[0]
    weight = m.weight.detach().clone()
    if new:
        parametrizations.spectral_norm(m, n_power_iterations=50)
    else:
        nn.utils.spectral_norm(m, n_power_iterations=50)
    for _ in range(3):
        m(wg.randn(2, 6, dtype=wg.float64))
    np.testing.assert_allclose(m.weight.detach().numpy(), weight.numpy() / sigma, rtol=1e-8)


def test_gradients_of_normalised_weights() -> None:
    for wrap in (parametrizations.weight_norm, parametrizations.spectral_norm):
        m = wrap(nn.Linear(3, 2).to(wg.float64)).eval()
        x = wg.randn(4, 3, dtype=wg.float64)
        parameters = dict(m.named_parameters())

        def f(*values: wg.Tensor, m: nn.Module = m, x: wg.Tensor = x, names=tuple(parameters)):
            return functional_call(m, dict(zip(names, values, strict=True)), x)

        leaves = tuple(p.detach().clone().requires_grad_() for p in parameters.values())
        assert wg.autograd.gradcheck(f, leaves)


def test_functional_call_restores_the_module_after_an_error() -> None:
    m = nn.Linear(3, 2)
    before = m.weight
    with pytest.raises(RuntimeError):
        functional_call(m, {"weight": wg.ones(2, 5)}, wg.ones(1, 3))
    assert m.weight is before


def test_a_failed_pruning_leaves_the_module_as_it_was() -> None:
    m = nn.Linear(4, 3)
    for attempt in (
        lambda: prune.l1_unstructured(m, "weight", 100),
        lambda: prune.custom_from_mask(m, "weight", wg.ones(2)),
        lambda: prune.ln_structured(m, "bias", 1, 2, 0),
    ):
        with pytest.raises((ValueError, AssertionError)):
            attempt()
        assert list(m.state_dict()) == ["weight", "bias"]
        assert not prune.is_pruned(m)


def test_random_pruning_is_spread_evenly() -> None:
    wg.manual_seed(0)
    m = prune.random_unstructured(nn.Linear(400, 100), "weight", 0.25)
    mask = m.weight_mask
    assert mask.sum().item() == 30_000
    assert abs(mask[:, :200].mean().item() - 0.75) < 0.02
    m = prune.random_structured(nn.Linear(6, 5), "weight", 2, 0)
    assert sorted(m.weight_mask.sum(1).tolist()) == [0, 0, 6, 6, 6]


def test_pruned_weights_train_only_where_they_are_left() -> None:
    m = prune.l1_unstructured(nn.Linear(4, 3), "weight", 6)
    m(wg.ones(2, 4)).sum().backward()
    assert bool(((m.weight_orig.grad != 0) == (m.weight_mask == 1)).all())


def test_the_old_weight_norm_warns() -> None:
    with pytest.warns(FutureWarning, match="deprecated"):
        nn.utils.weight_norm(nn.Linear(2, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.utils.spectral_norm(nn.Linear(2, 2))


def test_masks_of_ones_own_must_fit():
    class Own(nn.utils.prune.BasePruningMethod):
        PRUNING_TYPE = "global"
        mask = wg.ones(5)

        def compute_mask(self, t, default_mask):
            return self.mask

    layer = nn.Linear(3, 3)
    for mask in (wg.ones(5), None, wg.ones(3, 3, 1)):
        Own.mask = mask
        with pytest.raises(ValueError, match=r"mask of shape \(3, 3\)"):
            Own.apply(layer, "weight")
        assert [n for n, _ in layer.named_parameters()] == ["weight", "bias"]


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("dim", [-3, 2, 5])
def test_weight_norm_checks_its_dimension(dim):
    layer = nn.Linear(3, 3)
    for normed in (nn.utils.weight_norm, nn.utils.parametrizations.weight_norm):
        with pytest.raises(IndexError, match="out of range"):
            normed(layer, "weight", dim)
        assert [n for n, _ in layer.named_parameters()] == ["weight", "bias"]


def test_a_parametrization_that_gives_sparse_values_is_refused_where_it_is_registered():
    class Sparse(nn.Module):
        def forward(self, x):
            return x.to_sparse()

    layer = nn.Linear(3, 3)
    before = list(layer.state_dict())
    with pytest.raises(ValueError, match="layout"):
        parametrize.register_parametrization(layer, "weight", Sparse())
    assert list(layer.state_dict()) == before and layer(wg.ones(2, 3)).shape == (2, 3)
