"""Fourier transforms, spectra of pieces of signals, and windows."""

from harness import Case


def cases(names: str, *codes: str, **options) -> list[Case]:
    return [Case(names, code, **options) for code in codes]


NORMS = ("None", "'backward'", "'ortho'", "'forward'")
# Functions of one dimension, and what they take.
ONE = {"fft": "ZT", "ifft": "ZT", "rfft": "T", "irfft": "ZT", "hfft": "ZT", "ihfft": "T"}
TO_REAL = ("irfft", "hfft")
FREE = "torch.fft."


def _one() -> list[Case]:
    found = []
    for f, kinds in ONE.items():
        name = FREE + f
        # The least input whose default length is positive.
        least = 2 if f in TO_REAL else 1
        for k in kinds:
            for n in (least, 3, 4, 7, 8, 9, 10, 16, 30, 32):
                found += cases(name, f"torch.fft.{f}({k}(2, {n}))")
            for norm in NORMS:
                found += cases(
                    name,
                    f"torch.fft.{f}({k}(2, 6), norm={norm})",
                    f"torch.fft.{f}({k}(7, 2), dim=0, norm={norm})",
                )
            found += cases(
                name,
                f"torch.fft.{f}({k}(5))",
                f"torch.fft.{f}({k}(3, 5, 2), None, 1)",
                f"torch.fft.{f}({k}(3, 5, 2), 4, -2, 'ortho')",
                f"torch.fft.{f}({k}(3, 5), n=9)",
                f"torch.fft.{f}({k}(3, 5), n=8)",
                f"torch.fft.{f}({k}(3, 5), n=3)",
                f"torch.fft.{f}({k}(3, 5), n=2)",
                f"torch.fft.{f}({k}(3, 5), n=1)",
                f"torch.fft.{f}({k}(3, 5), 7, 0)",
                f"torch.fft.{f}({k}(3, 5).t(), n=4)",
                f"torch.fft.{f}({k}(4, 1).expand(4, 6))",
                f"torch.fft.{f}({k}(4, 6).flip(1)[:, ::2])",
                f"torch.fft.{f}({k}(0, 3), n=4, dim=0)",
                f"torch.fft.{f}(input={k}(4), n=None, dim=-1, norm=None)",
                f"torch.fft.{f}({k}(2, 31))",
                f"torch.fft.{f}({k}(2, 37))",
                f"torch.fft.{f}({k}(2, 74))",
                f"torch.fft.{f}({k}(3, 2, 47), dim=2)",
                f"torch.fft.{f}({k}(53, 3), dim=0)",
                f"torch.fft.{f}(torch.fft.{f}({k}(5)).abs())",
            )
            # Larger ones, whose second derivatives say no more.
            for n in (128, 256, 300, 257, 384, 1024):
                found += cases(name, f"torch.fft.{f}({k}(2, {n})) / {n}", order=1)
                found += cases(name, f"torch.fft.{f}({k}({n}, 3), dim=0) / {n}", order=1)
        found += cases(  # of the default dtype
            name,
            f"torch.fft.{f}(I(6))",
            f"torch.fft.{f}(M(6))",
            f"torch.fft.{f}(I(2, 6).int(), n=3)",
            only="float32",
        )
        found += cases(
            name,
            f"torch.fft.{f}(C(4))",
            f"o = torch.fft.{f}(C(6)) * 0; r = torch.fft.{f}(C(6), out=o); (o, r is o)",
            f"o = torch.empty(0, dtype=torch.fft.{f}(C(6)).dtype); torch.fft.{f}(C(6), n=5, out=o); o",
        )
        if f not in ("ifft", "ihfft"):  # of real numbers PyTorch does not convert, nor raise
            found += cases(
                name,
                f"o = torch.fft.{f}(C(6).double()); torch.fft.{f}(C(6).float(), out=o); o",
                only="float32",
            )
            found += cases(name, f"torch.fft.{f}(T(4), out=torch.fft.{f}(C(4)))", raises=True)
        found += cases(
            name,
            f"torch.fft.{f}(torch.tensor(1.0))",
            f"torch.fft.{f}(T(3), n=0)",
            f"torch.fft.{f}(T(3), n=-1)",
            f"torch.fft.{f}(T(3, 0))",
            f"torch.fft.{f}(T(3), dim=1)",
            f"torch.fft.{f}(T(3), dim=-2)",
            f"torch.fft.{f}(T(3), dim=0.0)",
            f"torch.fft.{f}(T(3), n=2.0)",
            f"torch.fft.{f}(T(3), norm='both')",
            f"torch.fft.{f}(T(3), norm='')",
            f"torch.fft.{f}(T(3), norm=1)",
            f"torch.fft.{f}([1.0, 2.0])",
            f"torch.fft.{f}(T(4).half())",
            f"torch.fft.{f}(T(4).bfloat16())",
            f"torch.fft.{f}(C(4), out=torch.zeros(3, dtype=torch.int64))",
            raises=True,
        )
        wrong = "torch.complex64" if f in TO_REAL else "torch.float64"
        found += cases(name, f"torch.fft.{f}(C(4), out=torch.zeros(4, dtype={wrong}))", raises=True)
    found += cases("torch.fft.rfft torch.fft.ihfft", "torch.fft.rfft(Z(4))", raises=True)
    found += cases("torch.fft.ihfft", "torch.fft.ihfft(Z(4))", raises=True)
    found += cases("torch.fft.irfft torch.fft.hfft", "torch.fft.irfft(Z(1))", raises=True)
    return found


def _several() -> list[Case]:
    found = []
    for f, kinds in ONE.items():
        both = f"{FREE}{f}n {FREE}{f}2"
        for k in kinds:
            for norm in NORMS:
                found += cases(
                    both,
                    f"torch.fft.{f}n({k}(2, 3, 4), norm={norm})",
                    f"torch.fft.{f}2({k}(2, 3, 4), norm={norm})",
                )
            found += cases(
                both,
                f"torch.fft.{f}n({k}(5))",
                f"torch.fft.{f}n({k}(2, 3, 4), dim=(0, 1))",
                f"torch.fft.{f}n({k}(2, 3, 4), dim=(-1, 0))",
                f"torch.fft.{f}n({k}(2, 3, 4), dim=1)",
                f"torch.fft.{f}n({k}(2, 3, 4), dim=(2,))",
                f"torch.fft.{f}n({k}(2, 3, 4), s=(5,))",
                f"torch.fft.{f}n({k}(2, 3, 4), s=5)",
                f"torch.fft.{f}n({k}(2, 3, 4), s=(2, 5))",
                f"torch.fft.{f}n({k}(2, 3, 4), (3, 2, 3), None, 'ortho')",
                f"torch.fft.{f}n({k}(2, 3, 4), (3, -1), (0, 2), 'forward')",
                f"torch.fft.{f}n({k}(2, 3, 4), (-1, -1), (2, 1))",
                f"torch.fft.{f}n({k}(2, 3, 4).permute(2, 0, 1))",
                f"torch.fft.{f}2({k}(3, 4), s=(4, 5))",
                f"torch.fft.{f}2({k}(3, 4), s=(2, 2), dim=(1, 0))",
                f"torch.fft.{f}2({k}(3, 4, 2), dim=(0, 1))",
                f"torch.fft.{f}2({k}(3, 4, 2), dim=(0, 1, 2))",
                f"torch.fft.{f}2({k}(3, 4, 2), dim=1)",
                f"torch.fft.{f}n({k}(0, 3, 4), s=(2, 3), dim=(0, 1))",
            )
            found += cases(
                both,
                f"torch.fft.{f}2({k}(2, 40, 37)) / 1480",
                f"torch.fft.{f}2({k}(2, 64, 48)) / 3072",
                f"torch.fft.{f}n({k}(18, 17, 16)) / 4896",
                order=1,
            )
        found += cases(
            both,
            f"torch.fft.{f}n(I(2, 4))",
            f"torch.fft.{f}2(M(3, 4))",
            only="float32",
        )
        found += cases(
            both,
            f"o = torch.fft.{f}n(C(3, 6)) * 0; r = torch.fft.{f}n(C(3, 6), out=o); (o, r is o)",
            f"o = torch.fft.{f}2(C(3, 6)) * 0; torch.fft.{f}2(C(3, 6), out=o); o",
        )
        found += cases(
            both,
            f"torch.fft.{f}n(T(3, 4), dim=(0, 0))",
            f"torch.fft.{f}n(T(3, 4), dim=(1, -1))",
            f"torch.fft.{f}n(T(3, 4), dim=(0, 2))",
            f"torch.fft.{f}n(T(3, 4), s=(2,), dim=(0, 1))",
            f"torch.fft.{f}n(T(3, 4), s=(2, 2, 2))",
            f"torch.fft.{f}n(T(3, 4), s=(2, 0))",
            f"torch.fft.{f}n(T(3, 4), s=(-2, 2))",
            f"torch.fft.{f}n(T(0, 4))",
            f"torch.fft.{f}n(T(3, 4), norm='both')",
            f"torch.fft.{f}2(T(4))",
            f"torch.fft.{f}2(torch.tensor(1.0))",
            f"torch.fft.{f}2(T(3, 4), s=(2, 2, 2))",
            f"torch.fft.{f}2(T(3, 4).half())",
            raises=True,
        )
        if f not in ("fft", "ifft"):
            found += cases(
                both,
                f"torch.fft.{f}n(T(3, 4), dim=())",
                f"torch.fft.{f}n(torch.tensor(1.0))",
                raises=True,
            )
    for f in ("fft", "ifft"):
        found += cases(
            f"{FREE}{f}n",
            f"torch.fft.{f}n(T(3, 4), dim=())",
            f"torch.fft.{f}n(Z(3, 4), dim=(), norm='ortho')",
            f"torch.fft.{f}n(torch.tensor(1.5))",
        )
    for f in ("rfft", "ihfft"):
        found += cases(f"{FREE}{f}n", f"torch.fft.{f}n(Z(3, 4))", raises=True)
    return found


FREQUENCIES = [
    *cases(
        "torch.fft.fftfreq torch.fft.rfftfreq",
        *[f"torch.fft.{f}({n})" for f in ("fftfreq", "rfftfreq") for n in (1, 2, 5, 6)],
        "torch.fft.fftfreq(0)",
        "torch.fft.rfftfreq(0)",
        "torch.fft.rfftfreq(-1)",
        "torch.fft.fftfreq(5, 0.1)",
        "torch.fft.rfftfreq(n=8, d=0.25)",
        "torch.fft.fftfreq(5, d=-2)",
        "torch.fft.fftfreq(5, 0)",
        "torch.fft.rfftfreq(5, 0.0)",
        "torch.fft.fftfreq(5, dtype=torch.float64)",
        "torch.fft.rfftfreq(5, dtype=torch.float16)",
        "torch.fft.fftfreq(4, dtype=float_dtype, requires_grad=True) * 2",
        "torch.fft.rfftfreq(4, device='cpu', requires_grad=True).requires_grad",
        "torch.fft.fftfreq(4, layout=torch.strided)",
        "o = torch.empty(5); r = torch.fft.fftfreq(5, out=o); (o, r is o)",
        "o = torch.empty(0, dtype=torch.float64); torch.fft.rfftfreq(5, out=o); o",
    ),
    *cases(
        "torch.fft.fftfreq torch.fft.rfftfreq",
        "torch.fft.fftfreq(-1)",
        "torch.fft.fftfreq(5.0)",
        "torch.fft.rfftfreq(5.0)",
        "torch.fft.fftfreq(5, dtype=torch.int64)",
        "torch.fft.rfftfreq(5, dtype=torch.complex64)",
        "torch.fft.fftfreq()",
        raises=True,
    ),
    *[
        c
        for f in ("fftshift", "ifftshift")
        for c in [
            *cases(
                FREE + f,
                f"torch.fft.{f}(T(5))",
                f"torch.fft.{f}(T(4))",
                f"torch.fft.{f}(Z(3, 4))",
                f"torch.fft.{f}(T(3, 4, 5), dim=1)",
                f"torch.fft.{f}(T(3, 4, 5), dim=(0, -1))",
                f"torch.fft.{f}(T(3, 4), [1, 1])",
                f"torch.fft.{f}(I(5))",
                f"torch.fft.{f}(M(2, 3))",
                f"torch.fft.{f}(T(0, 3))",
            ),
            *cases(
                FREE + f,
                f"torch.fft.{f}(T(3), dim=1)",
                f"torch.fft.{f}(T(3), dim=())",
                f"torch.fft.{f}(torch.tensor(1.0))",
                raises=True,
            ),
        ]
    ],
]

USES = [
    *cases(
        "torch.fft.fft torch.fft.ifft torch.fft.rfft torch.fft.irfft",
        "torch.fft.ifft(torch.fft.fft(Z(5)) * torch.fft.fft(Z(5)))",
        "torch.fft.irfft(torch.fft.rfft(T(6), 11) * torch.fft.rfft(T(6), 11), 11)",
        "torch.fft.fft(T(6)).abs().square().sum() / 6",
        "torch.fft.irfft2(torch.fft.rfft2(T(5, 6)).square(), (5, 6))",
        "x = T(4, 5); torch.fft.fft2(x)[1:3].real.exp() / 10",
        "torch.fft.hfft(torch.fft.ihfft(T(7)), 7)",
        "torch.fft.hfftn(torch.fft.ihfftn(T(3, 7)), (3, 7))",
        "torch.fft.fft(Z(4) * 1j).angle()",
        "torch.fft.rfft(T(8)).abs().log()",
    ),
]

WINDOWS = [
    c
    for w in ("hann", "hamming", "blackman", "bartlett", "kaiser")
    for name in [f"torch.{w}_window"]
    for c in [
        *cases(
            name,
            *[f"{name}({n}, dtype=torch.float64)" for n in (0, 1, 2, 5, 8)],
            *[f"{name}({n}, False, dtype=torch.float64)" for n in (0, 1, 2, 5, 8)],
            f"{name}(window_length=3, dtype=torch.float64)",
            f"{name}(4, dtype=torch.float64, layout=torch.strided, device='cpu', requires_grad=True) * 2",
            f"{name}(4, dtype=torch.float16).dtype",
            f"{name}(4, pin_memory=False, requires_grad=True).requires_grad",
        ),
        *cases(
            name,
            f"{name}(6, periodic=True)",
            f"{name}(6, periodic=False, dtype=torch.float32)",
            only="float32",
        ),
        *cases(
            name,
            f"{name}(-1)",
            f"{name}(5.0)",
            f"{name}(5, None)",
            f"{name}(5, dtype=torch.int64)",
            f"{name}(5, dtype=torch.complex64)",
            f"{name}(5, True, 0.5, 0.25, 0.1)",
            f"{name}(5, out=torch.empty(5))",
            f"{name}()",
            raises=True,
        ),
    ]
] + [
    *cases(
        "torch.hamming_window",
        "torch.hamming_window(6, True, 0.5, dtype=torch.float64)",
        "torch.hamming_window(6, False, 0.5, 0.25, dtype=torch.float64)",
        "torch.hamming_window(6, True, alpha=0.3, beta=0.2, dtype=torch.float64)",
    ),
    *cases(
        "torch.kaiser_window",
        "torch.kaiser_window(6, True, 3.0, dtype=torch.float64)",
        "torch.kaiser_window(7, False, beta=0.5, dtype=torch.float64)",
    ),
]

STFT = [
    *cases(
        "torch.stft Tensor.stft",
        "torch.stft(T(2, 20), 8, return_complex=True)",
        "torch.stft(T(20), 8, return_complex=True)",
        "torch.stft(T(20), 7, return_complex=True)",
        "torch.stft(T(2, 20), 8, return_complex=False)",
        "torch.stft(T(2, 20), 8, 3, return_complex=True)",
        "torch.stft(T(20), 8, 3, 6, return_complex=True)",
        "torch.stft(T(20), 8, 3, 5, return_complex=True)",
        "torch.stft(T(20), 8, 3, 5, U(5), return_complex=True)",
        "torch.stft(T(2, 20), 8, 2, 8, U(8), False, 'reflect', True, True, True)",
        "torch.stft(T(20), 8, center=False, return_complex=True)",
        "torch.stft(T(20), 20, center=False, return_complex=True)",
        "torch.stft(T(20), 8, pad_mode='constant', return_complex=True)",
        "torch.stft(T(20), 8, pad_mode='replicate', return_complex=True)",
        "torch.stft(T(20), 8, pad_mode='circular', return_complex=True)",
        "torch.stft(T(20), 8, normalized=True, return_complex=True)",
        "torch.stft(T(20), 8, onesided=False, return_complex=True)",
        "torch.stft(T(20), 8, onesided=True, return_complex=False)",
        "torch.stft(Z(20), 8)",
        "torch.stft(Z(2, 20), 8, return_complex=False)",
        "torch.stft(Z(20), 8, window=U(8), onesided=False, normalized=True)",
        "torch.stft(T(20), 8, window=Z(8))",
        "torch.stft(T(20), 8, window=I(8), return_complex=True)",
        "torch.stft(T(20), 8, window=torch.hann_window(8, dtype=torch.float64), return_complex=True)",
        "torch.stft(T(20), 8, win_length=4, center=False, return_complex=True)",
        "torch.stft(T(20), 8, win_length=4, center=False, align_to_window=False, return_complex=True)",
        "torch.stft(T(20), 8, win_length=4, center=False, align_to_window=True, return_complex=True)",
        "torch.stft(T(2, 20), 8, win_length=5, window=U(5), center=False, align_to_window=True, return_complex=True)",
        "T(20).stft(8, return_complex=True)",
        "T(2, 20).stft(8, 2, 6, U(6), True, 'constant', False, None, True)",
        "torch.stft(T(40), 8, 8, return_complex=True).abs().square().sum((0, 1))",
    ),
    *cases(
        "torch.stft",
        "torch.stft(T(20), 8)",
        "torch.stft(T(20), 0, return_complex=True)",
        "torch.stft(T(20), -8, return_complex=True)",
        "torch.stft(T(20), 100, return_complex=True)",
        "torch.stft(T(20), 21, center=False, return_complex=True)",
        "torch.stft(T(20), 8, 0, return_complex=True)",
        "torch.stft(T(20), 8, -1, return_complex=True)",
        "torch.stft(T(20), 8, 2, 9, return_complex=True)",
        "torch.stft(T(20), 8, 2, 0, return_complex=True)",
        "torch.stft(T(20), 8, window=C(5), return_complex=True)",
        "torch.stft(T(20), 8, window=C(2, 8), return_complex=True)",
        "torch.stft(T(2, 2, 20), 8, return_complex=True)",
        "torch.stft(torch.tensor(1.0), 8, return_complex=True)",
        "torch.stft(T(2, 0), 8, return_complex=True)",
        "torch.stft(I(20), 8, center=False, return_complex=True)",
        "torch.stft(T(20).half(), 8, center=False, return_complex=True)",
        "torch.stft(Z(20), 8, onesided=True)",
        "torch.stft(T(20), 8, align_to_window=True, return_complex=True)",
        "torch.stft(T(20), 8, align_to_window=False, return_complex=True)",
        "torch.stft(T(20), 8, pad_mode='foo', return_complex=True)",
        raises=True,
    ),
    *cases(
        "torch.istft Tensor.istft",
        "torch.istft(Z(2, 5, 7), 8)",
        "torch.istft(Z(5, 7), 8)",
        "torch.istft(Z(5, 7), 9)",
        "torch.istft(Z(5, 7), 8, 3)",
        "torch.istft(Z(5, 7), 8, 8)",
        "torch.istft(Z(5, 7), 8, 2, 6)",
        "torch.istft(Z(5, 7), 8, 2, 5, U(5))",
        "torch.istft(Z(2, 5, 7), 8, window=U(8))",
        "torch.istft(Z(2, 5, 7), 8, 2, 8, U(8), True, True, True, 10)",
        "torch.istft(Z(5, 7), 8, center=False)",
        "torch.istft(Z(5, 7), 8, window=U(8), center=False, length=12)",
        "torch.istft(Z(5, 7), 8, normalized=True, onesided=True)",
        "torch.istft(Z(8, 7), 8)",
        "torch.istft(Z(8, 7), 8, onesided=False)",
        "torch.istft(Z(8, 7), 8, return_complex=True)",
        "torch.istft(Z(8, 7), 8, window=Z(8), return_complex=True)",
        "torch.istft(Z(2, 9, 7), 9, window=U(9), return_complex=True, onesided=False)",
        "torch.istft(Z(5, 7), 8, length=10)",
        "torch.istft(Z(5, 7), 8, length=15)",
        "torch.istft(Z(5, 7), 8, length=30)",
        "torch.istft(Z(5, 7), 8, window=I(8, low=1))",
        "Z(5, 7).istft(8)",
        "Z(5, 7).istft(8, 2, 6, U(6), True, False, None, 11)",
        "x = T(2, 30); w = torch.hann_window(8, dtype=float_dtype); torch.istft(torch.stft(x, 8, window=w, return_complex=True), 8, window=w)",
        "x = Z(30); torch.istft(torch.stft(x, 8), 8, return_complex=True, length=30)",
    ),
    *cases(
        "torch.istft",
        "torch.istft(T(5, 7), 8)",
        "torch.istft(I(5, 7), 8)",
        "torch.istft(torch.view_as_real(Z(5, 7)), 8)",
        "torch.istft(Z(5, 0), 8)",
        "torch.istft(Z(1, 2, 5, 7), 8)",
        "torch.istft(Z(5), 8)",
        "torch.istft(Z(5, 7), 10)",
        "torch.istft(Z(5, 7), 8, onesided=False)",
        "torch.istft(Z(8, 7), 8, onesided=True)",
        "torch.istft(Z(5, 7), 8, 0)",
        "torch.istft(Z(5, 7), 8, 9)",
        "torch.istft(Z(5, 7), 8, 5, 4)",
        "torch.istft(Z(5, 7), 8, 2, 0)",
        "torch.istft(Z(5, 7), 8, 2, 9)",
        "torch.istft(Z(5, 7), 8, window=C(5))",
        "torch.istft(Z(5, 7), 8, window=C(1, 8))",
        "torch.istft(Z(5, 7), 8, window=torch.zeros(8))",
        "torch.istft(Z(5, 7), 8, window=torch.hann_window(8), center=False)",
        "torch.istft(Z(8, 7), 8, window=Z(8))",
        "torch.istft(Z(5, 7), 8, window=Z(8), return_complex=True)",
        "torch.istft(Z(5, 7), 8, return_complex=True)",
        "torch.istft(Z(5, 7), 8, length=0)",
        "torch.istft(Z(5, 7), 8, length=-1)",
        "torch.istft(Z(5, 1), 8)",
        raises=True,
    ),
]

CASES = [*_one(), *_several(), *FREQUENCIES, *USES, *WINDOWS, *STFT]
