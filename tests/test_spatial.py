"""Spatial functions where PyTorch has no derivative, a wrong one, or wrong values."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

import wengert as wg
from wengert import nn
from wengert.autograd import gradcheck, gradgradcheck
from wengert.nn import functional as F


def normal(*shape: int, seed: int = 0) -> wg.Tensor:
    values = np.random.default_rng(seed).standard_normal(shape)
    return wg.tensor(values).requires_grad_()


def grid(*shape: int, seed: int = 1) -> wg.Tensor:
    values = np.random.default_rng(seed).uniform(-1.4, 1.4, shape)
    return wg.tensor(values).requires_grad_()


@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize(("mode", "dims"), [("bilinear", 2), ("bilinear", 3), ("bicubic", 2)])
def test_grid_sample_is_differentiable_twice(mode, dims, padding, align):
    x = normal(2, 2, *(4, 3, 3)[:dims])
    points = grid(2, *(2, 2, 1)[:dims], dims)

    def f(x, points):
        return F.grid_sample(x, points, mode, padding, align)

    assert gradcheck(f, (x, points))
    assert gradgradcheck(f, (x, points))


def test_fused_gradient_of_grid_sample_is_that_of_its_formula():
    x, points = normal(2, 3, 5, 4), grid(2, 9, 8, 2)
    for mode in ("bilinear", "bicubic", "nearest"):
        y = F.grid_sample(x, points, mode, align_corners=False).sin().sum()
        fused = wg.autograd.grad(y, (x, points), retain_graph=True)
        formula = wg.autograd.grad(y, (x, points), create_graph=True)
        for a, b in zip(fused, formula, strict=True):
            np.testing.assert_allclose(a.numpy(), b.detach().numpy(), 1e-12, 1e-12)
        assert fused[1].any() == (mode != "nearest")


@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "nearest"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
def test_grid_sample_lives_with_points_that_are_nowhere(mode, padding):
    wild = [float("nan"), float("inf"), -float("inf"), 1e300, -1e300, 1e18]
    points = wg.tensor(list(itertools.product(wild, wild)), dtype=wg.float64)
    points = points.reshape(1, 6, 6, 2).requires_grad_()
    x = normal(1, 2, 3, 4)
    y = F.grid_sample(x, points, mode, padding, False)
    y.sum().backward()
    assert y.shape == (1, 2, 6, 6)
    assert x.grad.shape == x.shape


def resampling_matrix(size_in: int, size_out: int, mode: str) -> np.ndarray:
    x = wg.eye(size_in, dtype=wg.float64).reshape(size_in, 1, size_in, 1).expand(-1, -1, -1, 2)
    y = F.interpolate(x, (size_out, 2), mode=mode, antialias=True)
    return y[..., 0].reshape(size_in, size_out).numpy().T


@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "lanczos"])
def test_antialiasing_treats_the_dimensions_alike(mode):
    x = normal(2, 3, 5, 7).detach()
    for height, width in ((3, 1), (1, 3), (8, 1), (2, 9)):
        y = F.interpolate(x, (height, width), mode=mode, antialias=True).numpy()
        down, across = resampling_matrix(5, height, mode), resampling_matrix(7, width, mode)
        np.testing.assert_allclose(y, down @ x.numpy() @ across.T, 1e-12, 1e-12)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
def test_derivative_of_nearest_is_that_of_its_values(mode, dims):
    # Sizes that stay or double while the factor is another number.
    for factor in (1.19, 2.18):
        x = normal(1, 2, *(5, 3, 2)[:dims])
        assert gradcheck(lambda x, f=factor: F.interpolate(x, scale_factor=f, mode=mode), (x,))


def test_half_precision_is_rounded_once():
    x = normal(1, 1, 5, 6).detach().to(wg.float16)
    y = F.interpolate(x, (9, 4), mode="bicubic")
    wide = F.interpolate(x.to(wg.float32), (9, 4), mode="bicubic")
    assert y.dtype == wg.float16
    assert (y == wide.to(wg.float16)).all()


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
def test_cross_map_norm_has_the_derivatives_of_its_values(size):
    x = normal(1, 5, 2, 1)
    m = nn.CrossMapLRN2d(size, alpha=0.5)
    assert gradcheck(m, (x,))
    assert gradgradcheck(m, (x,))


def test_empty_shuffles_have_derivatives():
    for shape in ((0, 4, 2, 3), (1, 0, 2, 3)):
        x = wg.zeros(shape, requires_grad=True)
        F.pixel_shuffle(x, 2).sum().backward()
        assert x.grad.shape == shape
    x = wg.zeros(2, 0, 4, requires_grad=True)
    y = F.pixel_unshuffle(x, 2)
    assert y.shape == (8, 0, 2)
    y.sum().backward()
    assert x.grad.shape == (2, 0, 4)


def test_old_names_and_silent_defaults_warn():
    x = wg.zeros(1, 1, 2, 2)
    for f in (F.upsample, F.upsample_nearest, F.upsample_bilinear):
        with pytest.warns(UserWarning, match="interpolate"):
            f(x, scale_factor=2)
    with pytest.warns(UserWarning, match="align_corners"):
        F.grid_sample(x, wg.zeros(1, 1, 1, 2))
    with pytest.warns(UserWarning, match="align_corners"):
        F.affine_grid(wg.zeros(1, 2, 3), (1, 1, 2, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        F.interpolate(x, scale_factor=2)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_transposed_convolution_is_the_adjoint(n):
    space = (7, 6, 5)[:n]
    conv = getattr(nn, f"Conv{n}d")(2, 4, 3, stride=2, padding=1, groups=2, bias=False)
    back = getattr(nn, f"ConvTranspose{n}d")(4, 2, 3, stride=2, padding=1, groups=2, bias=False)
    back.load_state_dict(conv.state_dict())
    x = normal(2, 2, *space).detach().float()
    y = conv(x)
    z = wg.randn_like(y)
    left = (y * z).sum().item()
    right = (x * back(z, output_size=space)).sum().item()
    assert left == pytest.approx(right, rel=1e-4)


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
def test_points_inside_have_the_same_bits_beside_points_outside(mode):
    x = wg.randn(2, 3, 9, 8)
    inside = wg.rand(2, 7, 11, 2) - 0.5
    both = wg.cat([inside, wg.full((2, 7, 1, 2), 3.0)], 2)
    for align in (False, True):
        got = F.grid_sample(x, inside, mode, align_corners=align)
        assert got.equal(F.grid_sample(x, both, mode, align_corners=align)[..., :11])


def test_averages_of_the_smallest_integer():
    x = wg.full((1, 1, 1), -(2**63), dtype=wg.int64)
    assert F.avg_pool2d(x, 1, divisor_override=-1).item() == -(2**63)
    assert F.avg_pool2d(x, 1, divisor_override=2).item() == -(2**62)
