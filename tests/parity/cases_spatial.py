"""Convolutions, resampling, sampling by grids, windows, shuffles and norms of neighbours."""

from harness import Case


def _convolutions() -> list[Case]:
    cases = []
    for n in (1, 2, 3):
        f, layer = f"torch.nn.functional.conv{n}d torch.conv{n}d", f"torch.nn.Conv{n}d"
        x = ", ".join(str(s) for s in (5, 4, 3)[:n])
        k = ", ".join(str(s) for s in (3, 2, 3)[:n])
        ones = ", ".join("1" * n)
        for args in (
            "",
            "T(4)",
            "None, 2, 1",
            f"T(4), padding=({'1, ' * n}), dilation=2" if n < 3 else "T(4), padding=2, dilation=2",
            "T(4), padding='same'",
            "padding='same', dilation=3",
            "T(4), stride=2, padding='valid'",
        ):
            # PyTorch warns of the copy that padding='same' makes.
            cases.append(Case(f, f"F.conv{n}d(T(2, 2, {x}), T(4, 2, {k}), {args})"))
        cases += [
            Case(f, f"torch.conv{n}d(T(2, {x}), T(4, 2, {k}), padding='same')"),
            Case(f, f"torch.conv{n}d(T(4, {x}), T(6, 2, {k}), T(6), 1, 1, 1, 2)"),
            Case(f, f"F.conv{n}d(input=T(1, 4, {x}), weight=T(4, 1, {k}), bias=T(4), groups=4)"),
            Case(f, f"F.conv{n}d(T(0, 2, {x}), T(4, 2, {k}))"),
            Case(f, f"F.conv{n}d(T(2, 2, {x}), T(4, 2, {k}), stride=[2], padding=[1])"),
            Case(f, f"F.conv{n}d(T(2, 3, {x}), T(4, 2, {k}))", raises=True),
            Case(f, f"F.conv{n}d(T(2, 2, {x}), T(4, 2, {k}), padding='some')", raises=True),
            Case(f, f"F.conv{n}d(T(2, 2, {x}), T(4, 2, {k}), None, 2, 'same')", raises=True),
            Case(f, f"F.conv{n}d(T(2, 2, {x}), T(4, 2, {k}), T(3))", raises=True),
            Case(f, f"F.conv{n}d(T(2, 2, {x}), T(4, 2, {k}), stride=0)", raises=True),
            Case(f, f"F.conv{n}d(T(2, 2, {x}), T(4, 2, {k}), padding=-1)", raises=True),
            Case(f, f"F.conv{n}d(T(2, 2, {x}), T(4, 2, {k}), dilation=9)", raises=True),
            Case(f, f"F.conv{n}d(T(2, 2, {x}), T(4, 2, {k}), groups=3)", raises=True),
            Case(f, f"F.conv{n}d(T(2), T(4, 2, {k}))", raises=True),
            # PyTorch's derivatives with such strides take minutes.
            Case(f, f"F.conv{n}d(T(2, 1, {x}), T(1, 1, {k}), T(1), stride=10**8)", order=0),
            Case(f, f"F.conv{n}d(T(1, 2, {x}), T(2, 1, {k}), None, 2**31 - 1, 0, 1, 2)", order=0),
            Case(f, f"F.conv{n}d(T(1, 1, {x}), T(3, 1, {k}), stride=700)", order=0),
            Case(f, f"F.conv{n}d(T(0, 2, {'0, ' * n}), T(3, 2, {k}), padding=2)"),
            Case(f, f"F.conv{n}d(T(1, 2, {'0, ' * n}), T(3, 2, {k}), padding=2)", raises=True),
            Case(f, f"F.conv{n}d(T(2, {'0, ' * n}), T(3, 2, {k}), padding=2)", raises=True),
            Case(f, f"F.conv{n}d(T(1, 2, {x}), T(0, 2, {k}))", raises=True),
            Case(f, f"F.conv{n}d(T(0, 2, {x}), T(0, 2, {k}))", raises=True),
            Case(f, f"F.conv{n}d(T(4, 6, {x}), T(0, 1, {k}), groups=4)", raises=True),
            Case(f, f"F.conv{n}d(T(1, 0, {x}), T(0, 4, {k}), groups=2**62)", raises=True),
            Case(f, f"F.conv{n}d(T(1, 0, {x}), T(0, 0, {k}), groups=2**62)", raises=True),
            Case(f, f"F.conv{n}d(T(1, 2, {x}), T(4, 2, {'0, ' * n}))", raises=True),
            Case(layer, f"nn.Conv{n}d(2, 0, 1)(torch.ones(1, 2, {x}))", raises=True),
            Case(layer, f"fill(nn.Conv{n}d(2, 4, ({k},)))(T(2, 2, {x}))"),
            Case(layer, f"fill(nn.Conv{n}d(2, 4, 2, bias=False))(T(2, {x}))"),
            Case(layer, f"fill(nn.Conv{n}d(2, 4, 2, padding='valid', stride=2))(T(2, 2, {x}))"),
            Case(layer, f"fill(nn.Conv{n}d(4, 4, 3, 2, 1, 1, 2))(T(2, 4, {x}))"),
            Case(layer, f"fill(nn.Conv{n}d(2, 2, 2, padding='same', dilation=3))(T(2, 2, {x}))"),
            Case(layer, f"nn.Conv{n}d(2, 4, 2, padding='some')", raises=True),
            Case(layer, f"nn.Conv{n}d(2, 4, 2, padding='same', stride=2)", raises=True),
            Case(layer, f"nn.Conv{n}d(2, 4, 2, padding_mode='some')", raises=True),
            Case(layer, f"nn.Conv{n}d(2, 4, 2, groups=0)", raises=True),
            Case(layer, f"nn.Conv{n}d(3, 4, 2, groups=2)", raises=True),
            Case(layer, f"nn.Conv{n}d(2, 3, 2, groups=2)", raises=True),
            Case(layer, f"nn.Conv{n}d(2, 3, 2)(torch.ones(2, 3, {x}))", raises=True),
            Case(
                layer,
                f"""
                m = nn.Conv{n}d(2, 4, 2)
                m.transposed, m.output_padding, m.stride, m.padding, m.dilation, m.padding_mode
                """,
            ),
            Case(
                layer,
                f"""
                m = fill(nn.Conv{n}d(2, 4, 2, padding=1))
                m._conv_forward(T(1, 2, {x}), m.weight * 2, None)
                """,
            ),
            Case(
                layer,
                f"nn.Conv{n}d(2, 4, ({ones},), dtype=torch.float64).weight.dtype",
            ),
        ]
        for mode in ("zeros", "reflect", "replicate", "circular"):
            for padding in ("1", "'same'", f"({', '.join('210'[:n])},)"):
                cases.append(
                    Case(
                        layer,
                        f"fill(nn.Conv{n}d(2, 3, ({k},), padding={padding}, padding_mode='{mode}'))(T(2, 2, {x}))",
                    )
                )
    return cases


def _transposed() -> list[Case]:
    cases = []
    for n in (1, 2, 3):
        f = f"torch.nn.functional.conv_transpose{n}d torch.conv_transpose{n}d"
        layer = f"torch.nn.ConvTranspose{n}d"
        x = ", ".join(str(s) for s in (3, 4, 2)[:n])
        k = ", ".join(str(s) for s in (3, 2, 3)[:n])
        for args in (
            "",
            "T(3)",
            "T(3), 2, 1",
            "None, 3, 0, 2",
            "T(3), 2, 1, 1, 1, 2",
            "T(3), dilation=3, output_padding=2",
            f"T(3), stride=({', '.join('231'[:n])},), padding=({', '.join('101'[:n])},)",
            "stride=[2], padding=[0]",
        ):
            cases.append(
                Case(f, f"F.conv_transpose{n}d(T(2, 2, {x}), T(2, 3, {k}), {args})"),
            )
        call = f"nn.ConvTranspose{n}d(2, 3, 2, stride=3)"
        cases += [
            Case(f, f"torch.conv_transpose{n}d(T(2, {x}), T(2, 3, {k}), T(3))"),
            Case(f, f"torch.conv_transpose{n}d(T(4, {x}), T(4, 3, {k}), T(6), 2, 1, 0, 2)"),
            Case(f, f"F.conv_transpose{n}d(T(2, 4, {x}), T(4, 1, {k}), groups=4)"),
            Case(f, f"F.conv_transpose{n}d(T(0, 2, {x}), T(2, 3, {k}))"),
            Case(f, f"F.conv_transpose{n}d(T(2, 3, {x}), T(2, 3, {k}))", raises=True),
            Case(f, f"F.conv_transpose{n}d(T(2, 2, {x}), T(2, 3, {k}), T(2))", raises=True),
            Case(f, f"F.conv_transpose{n}d(T(2, 2, {x}), T(2, 3, {k}), padding=9)", raises=True),
            Case(
                f,
                f"F.conv_transpose{n}d(T(2, 2, {x}), T(2, 3, {k}), output_padding=1)",
                raises=True,
            ),
            Case(f, f"F.conv_transpose{n}d(T(0, 2, {x}), T(2, 3, {k}), output_padding=5)"),
            Case(f, f"F.conv_transpose{n}d(T(0, 2, {'0, ' * n}), T(2, 3, {k}))"),
            Case(f, f"F.conv_transpose{n}d(T(2, 2, {'0, ' * n}), T(2, 3, {k}))", raises=True),
            Case(
                f,
                f"F.conv_transpose{n}d(T(5, 4, {'2, ' * n}), T(4, 3, {'1, ' * n}), None, 2, 2, 1)",
                only="float32",
            ),
            Case(f, f"F.conv_transpose{n}d(T(0, 2, {x}), T(2, 3, {k}), padding=9)", raises=True),
            Case(f, f"F.conv_transpose{n}d(T(1, 0, {x}), T(0, 3, {k}))", raises=True),
            Case(f, f"F.conv_transpose{n}d(T(1, 2, {x}), T(2, 0, {k}))", raises=True),
            Case(f, f"F.conv_transpose{n}d(T(1, 2, {x}), T(2, 3, {k}), groups=4)", raises=True),
            Case(f, f"F.conv_transpose{n}d(T(1, 0, {x}), T(0, 4, {k}), groups=2**62)", raises=True),
            Case(layer, f"fill(nn.ConvTranspose{n}d(2, 3, ({k},)))(T(2, 2, {x}))"),
            Case(layer, f"fill(nn.ConvTranspose{n}d(2, 3, 2, bias=False))(T(2, {x}))"),
            Case(layer, f"fill(nn.ConvTranspose{n}d(4, 6, 3, 2, 1, 1, 2, True, 2))(T(1, 4, {x}))"),
            Case(layer, f"nn.ConvTranspose{n}d(2, 3, 2, padding_mode='reflect')", raises=True),
            Case(layer, f"nn.ConvTranspose{n}d(3, 4, 2, groups=2)", raises=True),
            Case(layer, f"nn.ConvTranspose{n}d(4, 3, 2, groups=2)", raises=True),
            Case(layer, f"nn.ConvTranspose{n}d(2, 3, 2)(torch.ones(2, 3, {x}))", raises=True),
            Case(
                layer,
                f"nn.ConvTranspose{n}d(2, 3, 2, output_padding=2)(torch.ones(2, 2, {x}))",
                raises=True,
            ),
            Case(
                layer,
                f"m = nn.ConvTranspose{n}d(2, 4, 2, output_padding=1)\nm.transposed, m.output_padding",
            ),
        ]
        for batch in ("2, 2", "2"):
            for extra in (0, 1, 2):
                size = [3 * (s - 1) + 2 + extra for s in (3, 4, 2)[:n]]
                cases += [
                    Case(layer, f"fill({call})(T({batch}, {x}), {size})"),
                    Case(
                        layer,
                        f"fill({call})(T({batch}, {x}), output_size=(9,) * {n + 3})",
                        raises=True,
                    ),
                ]
            cases += [
                Case(layer, f"fill({call})(T({batch}, {x}), [{batch}, *{size}])"),
                Case(
                    layer,
                    f"fill({call})(T({batch}, {x}), [{size[0] + 1}, *{size[1:]}])",
                    raises=True,
                ),
                Case(
                    layer,
                    f"fill({call})(T({batch}, {x}), [{size[0] - 3}, *{size[1:]}])",
                    raises=True,
                ),
            ]
        cases.append(Case(layer, f"fill({call})(T(2, 2, {x}), 9)", raises=True))
    return cases


_TBC = "torch.nn.functional.conv_tbc torch.conv_tbc"
CONV_TBC = [
    # PyTorch's derivative of it asks for a contiguous input.
    Case(_TBC, "F.conv_tbc(T(5, 2, 3).contiguous(), T(2, 3, 4), T(4))"),
    Case(_TBC, "torch.conv_tbc(T(5, 2, 3).contiguous(), T(3, 3, 4), T(4), pad=2)"),
    Case(_TBC, "F.conv_tbc(T(5, 2, 3), T(2, 2, 4), T(4))", raises=True),
    Case(_TBC, "F.conv_tbc(T(5, 2, 3), T(9, 3, 4), T(4))", raises=True),
    Case(_TBC, "F.conv_tbc(T(5, 2, 3), T(2, 3, 4))", raises=True),
    Case(_TBC, "F.conv_tbc(T(5, 2, 3), T(2, 3, 4), None)", raises=True),
    Case(_TBC, "F.conv_tbc(T(2, 3), T(2, 3, 4), T(4))", raises=True),
]


def _interpolate() -> list[Case]:
    cases = []
    f = "torch.nn.functional.interpolate"
    shapes = {1: "2, 2, 5", 2: "2, 2, 4, 5", 3: "1, 2, 3, 4, 2"}
    sizes = {
        1: ("8", "3", "[1]"),
        2: ("(7, 3)", "(2, 10)", "3", "(4, 5)", "(8, 10)"),
        3: ("(5, 2, 4)", "3"),
    }
    scales = {
        1: ("2", "0.5", "1.7", "[1.25]"),
        2: ("2", "(0.6, 1.3)", "1.5", "(2.1, 1.1)", "0.7"),
        # Not 1.2: where the size stays, PyTorch's derivative of "nearest" is not that of its values.
        3: ("2", "(1.5, 0.6, 1.6)"),
    }
    modes = [(m, n) for m in ("nearest", "nearest-exact", "area") for n in (1, 2, 3)]
    modes += [("linear", 1), ("bilinear", 2), ("bicubic", 2), ("trilinear", 3)]
    for mode, n in modes:
        smooth = mode not in ("nearest", "nearest-exact", "area")
        for corners in (None, False, True) if smooth else (None,):
            tail = f"mode='{mode}'" + ("" if corners is None else f", align_corners={corners}")
            cases += [Case(f, f"F.interpolate(T({shapes[n]}), size={s}, {tail})") for s in sizes[n]]
            for s in scales[n]:
                x = f"T({shapes[n]})"
                cases += [
                    Case(f, f"F.interpolate({x}, scale_factor={s}, {tail})"),
                    Case(
                        f,
                        f"F.interpolate({x}, scale_factor={s}, {tail}, recompute_scale_factor=True)",
                    ),
                    Case(
                        f,
                        f"F.interpolate({x}, scale_factor={s}, {tail}, recompute_scale_factor=False)",
                    ),
                ]
        cases += [
            Case(f, f"F.interpolate(T(0, {shapes[n][3:]}), scale_factor=2, mode='{mode}')"),
            Case(
                f,
                f"F.interpolate(T({shapes[n]}).half(), scale_factor=2, mode='{mode}').dtype",
                order=0,
            ),
            # PyTorch has no derivative of nothing.
            Case(
                f,
                f"F.interpolate(T({shapes[n]}), size=0, mode='{mode}')",
                raises=mode != "area",
                order=0,
            ),
            Case(f, f"F.interpolate(T({shapes[n]}), size=-1, mode='{mode}')", raises=True),
            Case(f, f"F.interpolate(T({shapes[n]}), scale_factor=-1, mode='{mode}')", raises=True),
            Case(f, f"F.interpolate(I({shapes[n]}), scale_factor=2, mode='{mode}')", raises=True),
            Case(
                f,
                f"F.interpolate(T({shapes[n]}), size=({'3, ' * (n + 1)}), mode='{mode}')",
                raises=True,
            ),
            Case(
                f,
                f"F.interpolate(T({shapes[n]}), scale_factor=({'2, ' * (n + 1)}), mode='{mode}')",
                raises=True,
            ),
            Case(
                f,
                f"F.interpolate(T({shapes[n]}), size=3, scale_factor=2, mode='{mode}')",
                raises=True,
            ),
            Case(f, f"F.interpolate(T({shapes[n]}), mode='{mode}')", raises=True),
            Case(f, f"F.interpolate(T({shapes[n]}), size=3.5, mode='{mode}')", raises=True),
            Case(
                f,
                f"F.interpolate(T({shapes[n]}), None, 'a', '{'nearest' if mode == 'area' else mode}')",
                raises=True,
            ),
            Case(
                f,
                f"F.interpolate(T({shapes[n]}), scale_factor=float('nan'), mode='{mode}')",
                raises=True,
            ),
            Case(f, f"F.interpolate(T({shapes[n]}), 3, None, '{mode}', None, True)", raises=True),
        ]
        if not smooth:
            for corners in (False, True):
                cases.append(
                    Case(
                        f,
                        f"F.interpolate(T({shapes[n]}), 3, None, '{mode}', {corners})",
                        raises=True,
                    )
                )
        else:
            cases += [
                Case(f, f"F.interpolate(T({shapes[k]}), 3, mode='{mode}')", raises=True)
                for k in (1, 2, 3)
                if k != n
            ]
    for mode in ("bilinear", "bicubic", "lanczos"):
        for corners in (None, True) if mode != "lanczos" else (None, False):
            tail = f"mode='{mode}', antialias=True, align_corners={corners}"
            # Where a size stays PyTorch does nothing, but its derivative does; where the last is 1 the
            # rows are mixed up.
            for how in (
                "size=(3, 4)",
                "size=(9, 2)",
                "size=4",
                "scale_factor=0.4",
                "scale_factor=(1.5, 0.7)",
                "scale_factor=1.3",
            ):
                cases.append(Case(f, f"F.interpolate(T(2, 2, 7, 8), {how}, {tail})"))
    cases += [
        Case(f, "F.interpolate(T(1, 1, 7, 8), 3, mode='lanczos')", raises=True),
        Case(f, "F.interpolate(T(1, 1, 7, 8), 3, None, 'lanczos', True, None, True)", raises=True),
        Case(f, "F.interpolate(T(1, 1, 7, 8), 3, mode='nearest', antialias=True)", raises=True),
        Case(f, "F.interpolate(T(1, 1, 7), 3, mode='linear', antialias=True)", raises=True),
        Case(f, "F.interpolate(T(1, 1, 7, 8), 3, mode='some')", raises=True),
        Case(f, "F.interpolate(T(7, 8), 3)", raises=True),
        Case(f, "F.interpolate(T(1, 1, 1, 1, 7, 8), 3)", raises=True),
        Case(f, "F.interpolate(C(2, 0, 4, 4), 3, mode='area')"),
        Case(f, "F.interpolate(T(2, 0, 4, 4), 3)", raises=True),
        Case(f, "F.interpolate(T(2, 2, 0, 4), 3)", raises=True),
        Case(f, "F.interpolate(input=T(1, 1, 2, 2), size=torch.Size([3, 4]))"),
        Case(f, "F.interpolate(T(1, 1, 2, 2), scale_factor=(2, torch.tensor(1.5)))"),
        Case(f, "F.interpolate(T(1, 1, 2, 2), scale_factor=torch.tensor(1.5))", raises=True),
        Case(
            f, "F.interpolate(T(1, 1, 3, 3).clone() / 0, scale_factor=2, mode='nearest')", order=0
        ),
    ]
    bytes_ = "I(2, {c}, 6, 7, high=256).to(torch.uint8)"
    for mode, c in [
        ("nearest", 3),
        ("nearest-exact", 2),
        ("bilinear", 1),
        ("bilinear", 5),
        ("bicubic", 3),
    ]:
        for how in ("size=(9, 4)", "size=(3, 11)", "scale_factor=1.7", "scale_factor=0.6"):
            for aa in (False, True) if mode[0] == "b" else (False,):
                x = bytes_.format(c=c)
                cases.append(Case(f, f"F.interpolate({x}, {how}, mode='{mode}', antialias={aa})"))
    cases += [
        Case(f, f"F.interpolate({bytes_.format(c=3)}, (4, 9), None, 'bicubic', True)"),
        Case(f, f"F.interpolate({bytes_.format(c=3)}, (4, 9), mode='lanczos', antialias=True)"),
        Case(f, "F.interpolate(I(2, 3, 4, high=256).to(torch.uint8), 7, mode='nearest')"),
        Case(
            f, "F.interpolate(I(2, 3, 4, high=256).to(torch.uint8), 7, mode='linear')", raises=True
        ),
        Case(f, f"F.interpolate({bytes_.format(c=3)}, 4, mode='area')", raises=True),
    ]
    return cases


def _upsample() -> list[Case]:
    cases = []
    for name in ("upsample", "upsample_nearest", "upsample_bilinear"):
        f = f"torch.nn.functional.{name}"
        cases += [
            Case(f, f"F.{name}(T(1, 2, 3, 4), scale_factor=2)"),
            Case(f, f"F.{name}(T(1, 2, 3, 4), size=(5, 3))"),
            Case(f, f"F.{name}(T(1, 2, 3, 4), None, (1.5, 2))"),
            Case(f, f"F.{name}(T(1, 2, 3, 4))", raises=True),
        ]
    cases += [
        Case("torch.nn.functional.upsample", "F.upsample(T(1, 2, 4), 7, None, 'linear', True)"),
        Case("torch.nn.functional.upsample", "F.upsample(T(1, 2, 4), 7, None, 'linear')"),
        Case(
            "torch.nn.functional.upsample_bilinear",
            "F.upsample_bilinear(T(1, 2, 4), 7)",
            raises=True,
        ),
    ]
    layer = "torch.nn.Upsample"
    for args, x in (
        ("scale_factor=2", "1, 2, 3"),
        ("(3, 4)", "1, 2, 3, 5"),
        ("size=3", "1, 2, 3, 5"),
        ("None, (2, 1.5), 'bilinear'", "1, 2, 3, 5"),
        ("scale_factor=1.4, mode='bicubic', align_corners=True", "1, 2, 3, 5"),
        ("scale_factor=1.4, mode='trilinear', align_corners=False", "1, 2, 3, 2, 4"),
        ("scale_factor=1.4, mode='linear', recompute_scale_factor=True", "1, 2, 6"),
        ("size=(2, 3), mode='area'", "1, 2, 3, 5"),
    ):
        cases += [
            Case(layer, f"fill(nn.Upsample({args}))(T({x}))"),
            Case(
                layer,
                f"m = nn.Upsample({args})\nm.name, m.size, m.scale_factor, m.mode, m.align_corners, m.recompute_scale_factor",
            ),
        ]
    cases += [
        Case(layer, "repr(nn.Upsample())"),
        Case(layer, "repr(nn.Upsample(scale_factor=0))"),
        Case(layer, "nn.Upsample()(torch.ones(1, 2, 3))", raises=True),
        Case(layer, "nn.Upsample(scale_factor='a')", raises=True),
        Case(layer, "nn.Upsample(2, mode='bilinear')(torch.ones(1, 2, 3))", raises=True),
    ]
    for name in ("UpsamplingNearest2d", "UpsamplingBilinear2d"):
        cases += [
            Case(f"torch.nn.{name}", f"fill(nn.{name}(scale_factor=2))(T(1, 2, 3, 4))"),
            Case(f"torch.nn.{name}", f"fill(nn.{name}((5, 3)))(T(1, 2, 3, 4))"),
            Case(f"torch.nn.{name}", f"fill(nn.{name}(None, (2, 1.5)))(T(1, 2, 3, 4))"),
            Case(f"torch.nn.{name}", f"isinstance(nn.{name}(2), nn.Upsample)"),
        ]
    return cases


def _grids() -> list[Case]:
    cases = []
    f = "torch.nn.functional.grid_sample torch.grid_sampler"
    # PyTorch has no second derivative of it.
    for mode in ("bilinear", "nearest", "bicubic"):
        for padding in ("zeros", "border", "reflection"):
            for corners in (False, True):
                tail = f"'{mode}', '{padding}', {corners}"
                cases.append(
                    Case(f, f"F.grid_sample(T(2, 3, 4, 5), T(2, 6, 7, 2), {tail})", order=1)
                )
                cases.append(
                    Case(
                        f,
                        f"F.grid_sample(T(1, 2, 1, 3), U(1, 9, 8, 2, low=-4, high=4), {tail})",
                        order=1,
                    )
                )
                if mode != "bicubic":
                    cases.append(
                        Case(
                            f, f"F.grid_sample(T(2, 2, 3, 4, 2), T(2, 2, 3, 4, 3), {tail})", order=1
                        )
                    )
                    cases.append(
                        Case(
                            f,
                            f"F.grid_sample(T(1, 2, 2, 1, 3), U(1, 3, 3, 4, 3, low=-3, high=3), {tail})",
                            order=1,
                        )
                    )
                # Numbers without a place in the image; PyTorch's gradient of them is not defined.
                if padding == "border" and mode != "bicubic":
                    cases.append(
                        Case(
                            f,
                            f"""
                            inf = float("inf")
                            grid = torch.tensor([[[[inf, 0.1], [-inf, 0.2], [0.3, 1e20], [float("nan"), 0]]]], dtype=float_dtype)
                            F.grid_sample(T(1, 2, 3, 4), grid, {tail})
                            """,
                            order=0,
                        )
                    )
    # On the elements themselves, and at the borders.
    line = "torch.linspace(-1, 1, 5, dtype=float_dtype)"
    for corners in (False, True):
        for padding in ("zeros", "border", "reflection"):
            cases.append(
                Case(
                    f,
                    f"""
                    line = {line}
                    grid = torch.stack(torch.meshgrid(line, line, indexing="ij"), -1)[None].clone().requires_grad_()
                    y = F.grid_sample(T(1, 2, 5, 5), grid, padding_mode="{padding}", align_corners={corners})
                    y, torch.autograd.grad(y.sum(), grid)[0]
                    """,
                    order=0,
                )
            )
    cases += [
        Case(f, "F.grid_sample(T(2, 3, 4, 5), T(2, 6, 7, 2))", order=1),
        Case(
            f, "F.grid_sample(input=T(2, 3, 4, 5), grid=C(2, 6, 7, 2), align_corners=True)", order=1
        ),
        Case(f, "F.grid_sample(C(2, 3, 4, 5), grid=T(2, 6, 7, 2), align_corners=True)", order=1),
        Case(f, "torch.grid_sampler(T(1, 3, 4, 5), T(1, 6, 7, 2), 2, 1, True)", order=1),
        Case(f, "F.grid_sample(T(0, 3, 4, 5), T(0, 6, 7, 2), align_corners=True)", order=1),
        Case(f, "F.grid_sample(T(2, 0, 4, 5), T(2, 6, 7, 2), align_corners=True)", order=1),
        Case(f, "F.grid_sample(T(2, 3, 4, 5), T(2, 0, 7, 2), align_corners=True)", order=1),
        Case(
            f,
            "F.grid_sample(T(1, 1, 4, 5).half(), T(1, 2, 2, 2).half(), align_corners=True).dtype",
            order=0,
        ),
    ]
    for args in (
        "T(2, 3, 4, 5), T(2, 6, 7, 3)",
        "T(2, 3, 4, 5), T(1, 6, 7, 2)",
        "T(3, 4, 5), T(6, 7, 2)",
        "T(2, 3, 4, 5), T(2, 6, 7, 7, 3)",
        "torch.ones(2, 3, 4, 5), torch.ones(2, 6, 7, 2).double()",
        "I(2, 3, 4, 5), I(2, 6, 7, 2)",
        "T(2, 3, 0, 5), T(2, 6, 7, 2)",
        "T(2, 3, 4, 5), T(2, 6, 7, 2), 'some'",
        "T(2, 3, 4, 5), T(2, 6, 7, 2), 'bilinear', 'some'",
        "T(2, 3, 2, 4, 5), T(2, 2, 6, 7, 3), 'bicubic'",
    ):
        cases.append(Case(f, f"F.grid_sample({args})", raises=True))
    g = "torch.nn.functional.affine_grid torch.affine_grid_generator"
    for theta, size in (
        ("2, 2, 3", "(2, 3, 4, 5)"),
        ("1, 3, 4", "(1, 1, 2, 3, 4)"),
        ("1, 2, 3", "[1, 1, 1, 3]"),
    ):
        for corners in (False, True):
            cases += [
                Case(g, f"F.affine_grid(T({theta}), {size}, {corners})"),
                Case(g, f"torch.affine_grid_generator(T({theta}), {size}, {corners})"),
            ]
    cases += [
        Case(g, "F.affine_grid(theta=T(2, 2, 3), size=torch.Size((2, 3, 4, 5)))"),
        Case(
            "torch.nn.functional.affine_grid torch.nn.functional.grid_sample",
            "F.grid_sample(T(1, 2, 4, 5), F.affine_grid(T(1, 2, 3), (1, 2, 3, 3), True), align_corners=True)",
            order=1,
        ),
    ]
    for args in (
        "T(2, 2, 3), (2, 3, 4, 5, 6)",
        "T(2, 3, 3), (2, 3, 4, 5)",
        "T(2, 2, 3), (3, 3, 4, 5)",
        "T(2, 2, 3), (2, 3, 4)",
        "T(2, 2, 3), (2, 3, 0, 5)",
        "I(2, 2, 3), (2, 3, 4, 5)",
    ):
        cases.append(Case(g, f"F.affine_grid({args}, align_corners=False)", raises=True))
    return cases


def _windows() -> list[Case]:
    cases = []
    f, layer = "torch.nn.functional.unfold", "torch.nn.Unfold"
    for args in (
        "2",
        "(3, 2), 1, 1",
        "(2, 3), (1, 2), (0, 1), (2, 1)",
        "2, stride=2",
        "kernel_size=(4, 5)",
        "1",
    ):
        cases += [
            Case(f, f"F.unfold(T(2, 3, 4, 5), {args})"),
            Case(layer, f"fill(nn.Unfold({args}))(T(3, 4, 5))"),
        ]
    cases += [
        Case(f, "F.unfold(T(0, 3, 4, 5), 2)"),
        Case(f, "F.unfold(M(2, 3, 4, 5), 2)"),
        Case(f, "F.unfold(T(1, 1, 3, 3).half(), 2).dtype", order=0),
    ]
    for args in (
        "T(4, 5), 2",
        "T(2, 3, 4, 5), 5",
        "T(2, 3, 4, 5), (2, 2, 2)",
        "T(2, 0, 4, 5), 2",
        "T(2, 3, 4, 5), 2, 0",
        "T(2, 3, 4, 5), 2, 1, -1",
        "T(2, 3, 4, 5), 2, 1, 0, 0",
        "T(2, 3, 4, 5), 0",
        "I(2, 3, 4, 5), 2",
        "T(1, 2, 3, 4, 5), 2",
    ):
        cases.append(Case(f, f"F.unfold({args})", raises=True))
    f, layer = "torch.nn.functional.fold", "torch.nn.Fold"
    for x, args in (
        ("12, 12", "(4, 5), 2"),
        ("6, 12", "(4, 5), (3, 2), 1, (1, 0), (1, 1)"),
        ("12, 9", "4, 2"),
        ("6, 4", "4, (3, 2), (1, 2), (1, 0), (2, 1)"),
        ("4, 4", "(4, 5), kernel_size=2, stride=2"),
    ):
        cases += [
            Case(
                f,
                f"F.fold(T(2, {x}), {args})"
                if "(1, 1)" not in args
                else f"F.fold(T(2, 6, 16), {args})",
            ),
            Case(
                layer,
                f"fill(nn.Fold({args}))(T({x}))"
                if "(1, 1)" not in args
                else f"fill(nn.Fold({args}))(T(6, 16))",
            ),
        ]
    cases.append(Case(f, "F.fold(T(0, 12, 12), (4, 5), 2)"))
    cases.append(
        Case("torch.nn.Fold torch.nn.Unfold", "nn.Fold((4, 5), 2)(nn.Unfold(2)(T(2, 3, 4, 5)))")
    )
    for args in (
        "T(2, 12, 11), (4, 5), 2",
        "T(2, 11, 12), (4, 5), 2",
        "T(2, 12, 12), 4, 2",
        "I(2, 12, 12), (4, 5), 2",
        "T(2, 12, 12), (4, 5, 6), 2",
        "T(2, 3, 4, 5), (4, 5), 2",
        "T(12), (4, 5), 2",
        "T(2, 12, 12), (4, 5), 2, 1, 0, 0",
    ):
        cases.append(Case(f, f"F.fold({args})", raises=True))
    return cases


def _shuffles() -> list[Case]:
    cases = []
    for name, ok, bad in (
        (
            "pixel_shuffle",
            (
                "T(8, 2, 3), 2",
                "T(2, 9, 1, 2), 3",
                "T(2, 3, 4, 2, 3), 2",
                "C(0, 4, 2, 3), 2",
                "C(1, 0, 2, 3), 2",
                "I(4, 2, 2), 2",
                "T(2, 3, 4), 1",
            ),
            ("T(2, 3), 2", "T(7, 2, 3), 2", "T(4, 2, 3), 0", "T(4, 2, 3), -2", "T(4, 2, 3), 2.0"),
        ),
        (
            "pixel_unshuffle",
            (
                "T(2, 4, 6), 2",
                "T(2, 1, 3, 6), 3",
                "T(2, 3, 2, 4, 2), 2",
                "I(2, 4, 4), 2",
                "T(2, 3, 4), 1",
            ),
            ("T(2, 3), 2", "T(2, 4, 5), 2", "T(2, 5, 4), 2", "T(4, 2, 2), 0", "T(4, 2, 2), -2"),
        ),
        (
            "channel_shuffle",
            (
                "T(2, 6, 4, 5), 3",
                "T(2, 6, 4), 2",
                "T(1, 4, 2, 2, 2), 2",
                "T(0, 4, 2, 2), 2",
                "T(2, 4, 0, 2), 2",
                "I(1, 4, 2, 2), 2",
                "T(1, 4, 2), 1",
            ),
            ("T(8, 4), 2", "T(8), 2", "T(1, 8, 4, 5), 3", "T(1, 8, 4, 5), 0", "T(1, 8, 4, 5), -1"),
        ),
    ):
        f = f"torch.nn.functional.{name} torch.{name}"
        layer = "".join(p.capitalize() for p in name.split("_"))
        layer = layer.replace("shuffle", "Shuffle").replace("UnShuffle", "Unshuffle")
        for args in ok:
            x, factor = args.rsplit(", ", 1)
            cases += [
                Case(f, f"F.{name}({args})"),
                Case(f, f"torch.{name}({args})"),
                Case(f"torch.nn.{layer}", f"fill(nn.{layer}({factor}))({x})"),
            ]
        cases += [Case(f, f"F.{name}({args})", raises=True) for args in bad]
    f = "torch.nn.functional.native_channel_shuffle torch.native_channel_shuffle"
    cases += [
        # PyTorch has no derivative of it.
        Case(f, "F.native_channel_shuffle(C(1, 8, 4, 5), 2)"),
        Case(f, "torch.native_channel_shuffle(C(2, 6, 3), groups=3)"),
        Case(f, "F.native_channel_shuffle(C(1, 8, 4, 5), 3)", raises=True),
        Case(f, "F.native_channel_shuffle(C(8, 4), 2)", raises=True),
    ]
    return cases


def _local_norms() -> list[Case]:
    f, layer = "torch.nn.functional.local_response_norm", "torch.nn.LocalResponseNorm"
    cases = []
    # Volumes must be contiguous for PyTorch.
    for size in (1, 2, 3, 4, 9):
        cases += [
            Case(f, f"F.local_response_norm(T(2, 5, 3), {size})"),
            Case(f, f"F.local_response_norm(T(2, 5, 3, 2), {size}, 0.5, 0.6, 2.0)"),
            Case(
                layer,
                f"fill(nn.LocalResponseNorm({size}, alpha=0.3))(T(1, 5, 2, 3, 2).contiguous())",
            ),
            # PyTorch's derivative is not that of its values.
            Case(
                "torch.nn.CrossMapLRN2d", f"fill(nn.CrossMapLRN2d({size}))(T(2, 5, 3, 2))", order=0
            ),
            Case(
                "torch.nn.CrossMapLRN2d",
                f"fill(nn.CrossMapLRN2d({size}, 0.5, 0.6, 2.0))(T(2, 5, 3, 2))",
                order=0,
            ),
        ]
    cases += [
        Case(f, "F.local_response_norm(input=T(2, 5, 3), size=2, alpha=1.0, beta=1.0, k=0.5)"),
        Case(f, "F.local_response_norm(T(0, 3, 4, 5), 2)"),
        Case(f, "F.local_response_norm(T(2, 0, 4, 5), 2)"),
        Case(f, "F.local_response_norm(T(1, 2, 2, 2, 1, 2).contiguous(), 2)"),
        Case(f, "F.local_response_norm(T(2, 8), 2)", raises=True),
        Case(f, "F.local_response_norm(T(2, 3, 4, 5), 0)", raises=True),
        Case("torch.nn.CrossMapLRN2d", "nn.CrossMapLRN2d(2)(torch.ones(2, 3, 4))", raises=True),
        Case(
            "torch.nn.CrossMapLRN2d",
            "m = nn.CrossMapLRN2d(3, beta=0.5)\nm.size, m.alpha, m.beta, m.k",
        ),
    ]
    return cases


CASES = [
    *_convolutions(),
    *_transposed(),
    *CONV_TBC,
    *_interpolate(),
    *_upsample(),
    *_grids(),
    *_windows(),
    *_shuffles(),
    *_local_norms(),
]
