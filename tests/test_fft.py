"""Fourier transforms against NumPy's and SciPy's: accuracy, identities, bits, tables."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest
import scipy.fft

import wengert as wg

# Powers of two and of other small primes, products, primes and multiples of primes.
LENGTHS = [*range(1, 70), 81, 97, 100, 125, 128, 210, 211, 243, 256, 343, 360, 499, 512, 720]
LENGTHS += [961, 1000, 1009, 1024, 1155, 2018, 2048, 3125, 4096, 4097, 6561, 8191, 10000, 16384]
LENGTHS += [19683, 30030, 65536, 65537, 98304, 131072]
EPS = {"float32": 2**-24, "float64": 2**-53}


def error(got: wg.Tensor, want: np.ndarray) -> float:
    """The relative error of all elements together."""
    difference = got.numpy().astype(want.dtype) - want
    return float(np.linalg.norm(difference) / np.linalg.norm(want))


def complex_numbers(*shape: int, dtype: str = "complex128") -> np.ndarray:
    random = np.random.default_rng(sum(shape))
    return (random.standard_normal(shape) + 1j * random.standard_normal(shape)).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", LENGTHS)
def test_errors_are_a_few_units_in_the_last_place(n: int, dtype: str):
    bound = 2 * (2 + np.log2(n)) * EPS[dtype]
    x = complex_numbers(n)
    # References in double precision are worth no more than double precision.
    for made, want in [
        (wg.fft.fft, scipy.fft.fft(x)),
        (wg.fft.ifft, scipy.fft.ifft(x)),
        (lambda t: wg.fft.irfft(t, n), scipy.fft.irfft(x, n)),
        (lambda t: wg.fft.rfft(t.real), scipy.fft.rfft(x.real)),
    ]:
        given = x.astype("complex64") if dtype == "float32" else x
        got = made(wg.from_numpy(given))
        assert got.real.dtype == getattr(wg, dtype)
        assert error(got, want) < bound + (EPS["float32"] if dtype == "float32" else 0)


@pytest.mark.parametrize("n", [1, 2, 5, 12, 31, 37, 64, 100, 1021, 4096])
def test_the_inverse_gives_the_signal_back(n: int):
    z = wg.from_numpy(complex_numbers(3, n))
    x = z.real.clone()
    for norm in ("backward", "ortho", "forward"):
        pairs = [
            (wg.fft.ifft(wg.fft.fft(z, norm=norm), norm=norm), z),
            (wg.fft.irfft(wg.fft.rfft(x, norm=norm), n, norm=norm), x),
            (wg.fft.hfft(wg.fft.ihfft(x, norm=norm), n, norm=norm), x),
            (wg.fft.ifftn(wg.fft.fftn(z, norm=norm), norm=norm), z),
            (wg.fft.irfft2(wg.fft.rfft2(x, norm=norm), (3, n), norm=norm), x),
            (wg.fft.hfft2(wg.fft.ihfft2(x, norm=norm), (3, n), norm=norm), x),
        ]
        for got, want in pairs:
            assert error(got, want.numpy()) < 1e-14


@pytest.mark.parametrize("n", [7, 64, 1021, 3000])
def test_parseval(n: int):
    z = wg.from_numpy(complex_numbers(n))
    energy = wg.fft.fft(z, norm="ortho").abs().square().sum().item()
    assert energy == pytest.approx(z.abs().square().sum().item(), rel=1e-13)


@pytest.mark.parametrize("shape", [(4, 6), (3, 5, 7), (16, 37, 2), (64, 64), (2, 100, 128)])
def test_several_dimensions_are_numpys(shape: tuple[int, ...]):
    z = complex_numbers(*shape)
    t = wg.from_numpy(z)
    assert error(wg.fft.fftn(t), np.fft.fftn(z)) < 1e-14
    assert error(wg.fft.rfftn(t.real), np.fft.rfftn(z.real)) < 1e-14
    assert error(wg.fft.irfftn(t, shape), scipy.fft.irfftn(z, shape)) < 1e-14
    assert error(wg.fft.hfftn(t, shape), scipy.fft.hfftn(z, shape)) < 1e-14
    assert error(wg.fft.ihfftn(t.real), scipy.fft.ihfftn(z.real)) < 1e-14


def lines(n: int, dtype: str) -> list[wg.Tensor]:
    """One line alone, among others in rows, in columns, scattered, and repeated."""
    line = complex_numbers(n, dtype=dtype)
    rows = complex_numbers(21, n, dtype=dtype)
    rows[17] = line
    columns = np.ascontiguousarray(rows.T)
    wide = np.zeros((n, 3, 21), dtype)
    wide[:, 1, :] = columns
    return [
        wg.from_numpy(line),
        wg.from_numpy(rows)[17:18],
        wg.from_numpy(rows),
        wg.from_numpy(columns).t(),
        wg.from_numpy(wide)[:, 1].t(),
        wg.from_numpy(line).expand(5, n),
    ]


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("n", [5, 16, 37, 48, 100, 256, 300, 512, 1024, 4096, 16384])
def test_bits_do_not_depend_on_place_and_neighbours(n: int, dtype: str):
    def of_line(t: wg.Tensor) -> bytes:
        t = t if t.ndim == 1 else t[17 if t.shape[0] == 21 else 0]
        return t.contiguous().numpy().tobytes()

    for f in (
        wg.fft.fft,
        wg.fft.ifft,
        lambda t: wg.fft.rfft(t.real),
        lambda t: wg.fft.fft(t.real),
        wg.fft.irfft,
        wg.fft.hfft,
    ):
        assert len({of_line(f(t)) for t in lines(n, dtype)}) == 1


@pytest.mark.parametrize("shape", [(300, 128), (1000, 100), (64, 1021), (2, 3, 70000)])
def test_bits_do_not_depend_on_threads(shape: tuple[int, ...]):
    z = wg.from_numpy(complex_numbers(*shape))
    before = wg.get_num_threads()
    found = set()
    try:
        for threads in (1, 2, 3):
            wg.set_num_threads(threads)
            results = [wg.fft.fft2(z), wg.fft.rfft2(z.real), wg.fft.irfft2(z)]
            found.add(b"".join(t.numpy().tobytes() for t in results))
    finally:
        wg.set_num_threads(before)
    assert len(found) == 1


def test_many_lengths_from_many_threads():
    """Tables are shared, and dropped when there are many."""
    wrong = []

    def work(start: int) -> None:
        for n in range(start, 700, 3):
            x = complex_numbers(2, n)
            if error(wg.fft.fft(wg.from_numpy(x)), scipy.fft.fft(x)) > 1e-14:
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(1 + i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


@pytest.mark.parametrize("n", [4, 5, 37])
def test_gradients_are_those_of_differences(n: int):
    x = wg.from_numpy(np.random.default_rng(n).standard_normal((2, n))).requires_grad_()
    functions = [
        lambda t: wg.view_as_real(wg.fft.fft(t)),
        lambda t: wg.view_as_real(wg.fft.rfft2(t, norm="ortho")),
        lambda t: wg.view_as_real(wg.fft.ihfft(t)),
        lambda t: wg.fft.irfft(wg.complex(t, t.flip(0)), n + 1),
        lambda t: wg.fft.hfft(wg.complex(t.flip(1), t), norm="forward"),
        lambda t: wg.fft.ifft(wg.complex(t, t.flip(0))).abs().square(),
    ]
    for f in functions:
        assert wg.autograd.gradcheck(f, (x,))
        assert wg.autograd.gradgradcheck(f, (x,))


def test_gradients_of_real_transforms_are_real_and_cheap():
    """The adjoint of rfft is one transform of half the terms, not one of complex lines."""
    x = wg.ones(8, requires_grad=True)
    y = wg.fft.rfft(x)
    assert y.grad_fn.name() == "FftRealToHalfBackward0"
    (g,) = wg.autograd.grad(y, x, wg.ones(5, dtype=wg.complex64), create_graph=True)
    want = np.fft.fft(np.eye(8)[:5], axis=1).sum(0).real
    np.testing.assert_allclose(g.detach().numpy(), want, atol=1e-6)


def test_errors_change_nothing():
    out = wg.zeros(4, dtype=wg.complex64)
    for wrong in ({"n": 0}, {"dim": 5}, {"norm": "none"}):
        with pytest.raises((RuntimeError, IndexError), match="fft: "):
            wg.fft.fft(wg.ones(4), out=out, **wrong)
    assert not out.any()
    with pytest.raises(RuntimeError, match="must be complex"):
        wg.fft.fft(wg.ones(4), out=wg.zeros(4))


def test_no_lines_and_no_dimensions():
    assert wg.fft.fft(wg.ones(0, 4)).shape == (0, 4)
    assert wg.fft.irfft(wg.ones(0, 4)).shape == (0, 6)
    assert wg.fft.fftn(wg.tensor(2.0)).item() == 2


def test_it_is_loaded_when_asked_for():
    code = "import sys, wengert; assert 'wengert.fft' not in sys.modules; wengert.fft.fft"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_stft_is_that_of_scipy():
    import scipy.signal

    x = np.random.default_rng(0).standard_normal((2, 1000))
    window = wg.hann_window(64, dtype=wg.float64)
    got = wg.stft(wg.from_numpy(x), 64, 16, window=window, return_complex=True)
    transform = scipy.signal.ShortTimeFFT(window.numpy(), 16, 1, phase_shift=None)
    want = transform.stft(x, p0=0, p1=got.shape[-1])[..., 2:-2]
    assert error(got[..., 2:-2], want) < 1e-14
    back = wg.istft(got, 64, 16, window=window, length=1000)
    assert error(back, x) < 1e-14
