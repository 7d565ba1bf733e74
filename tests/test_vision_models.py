"""The models for images: names and shapes of their parameters, results, weights from files."""

from __future__ import annotations

import hashlib
import inspect
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert import nn
from wengert.vision import models, ops

try:
    import torch
    import torchvision
except (ImportError, RuntimeError):  # a torchvision made for another PyTorch raises the second
    torchvision = None

compared = pytest.mark.skipif(torchvision is None, reason="torchvision is not installed")

# Parameters, entries of the state dict, and the start of the SHA-256 of its names and shapes.
KNOWN = {
    "alexnet": (61_100_840, 16, "9c198ebdae18"),
    "densenet121": (7_978_856, 727, "aa0fd9923b00"),
    "densenet161": (28_681_000, 967, "82d337d48f91"),
    "densenet169": (14_149_480, 1015, "e2d0f02d9c0c"),
    "densenet201": (20_013_928, 1207, "0d234ad7e9a3"),
    "efficientnet_b0": (5_288_548, 360, "a04d0792ee39"),
    "efficientnet_b1": (7_794_184, 508, "9aaba0741e04"),
    "efficientnet_b2": (9_109_994, 508, "a6d3677e95ef"),
    "efficientnet_b3": (12_233_232, 574, "495111442d67"),
    "efficientnet_b4": (19_341_616, 706, "2974b9d3c055"),
    "efficientnet_b5": (30_389_784, 854, "281af15aa414"),
    "efficientnet_b6": (43_040_704, 986, "c32e05b40510"),
    "efficientnet_b7": (66_347_960, 1200, "3d2a7737a3d8"),
    "efficientnet_v2_l": (118_515_272, 1548, "d77db9d94fce"),
    "efficientnet_v2_m": (54_139_356, 1120, "5049b2b40578"),
    "efficientnet_v2_s": (21_458_488, 782, "1d905bff391f"),
    "mobilenet_v2": (3_504_872, 314, "37bbbce8932f"),
    "resnet101": (44_549_160, 626, "02c0f34f4842"),
    "resnet152": (60_192_808, 932, "685c66205bc8"),
    "resnet18": (11_689_512, 122, "84fb10d9c690"),
    "resnet34": (21_797_672, 218, "28f9096d5130"),
    "resnet50": (25_557_032, 320, "d7e4f8bb0a53"),
    "resnext101_32x8d": (88_791_336, 626, "da7dd7525807"),
    "resnext101_64x4d": (83_455_272, 626, "90caac80ae24"),
    "resnext50_32x4d": (25_028_904, 320, "e3bad165c034"),
    "squeezenet1_0": (1_248_424, 52, "4654d26ad581"),
    "squeezenet1_1": (1_235_496, 52, "1d365589393f"),
    "vgg11": (132_863_336, 22, "cb3dc23f2a13"),
    "vgg11_bn": (132_868_840, 62, "8b6717e727c0"),
    "vgg13": (133_047_848, 26, "67c1dc8b57fd"),
    "vgg13_bn": (133_053_736, 76, "f6b0597d18a7"),
    "vgg16": (138_357_544, 32, "35c4623e0cd4"),
    "vgg16_bn": (138_365_992, 97, "347371586a8e"),
    "vgg19": (143_667_240, 38, "4723255af8f6"),
    "vgg19_bn": (143_678_248, 118, "fc3ff6fab2b5"),
    "wide_resnet101_2": (126_886_696, 626, "4f088c0a152b"),
    "wide_resnet50_2": (68_883_240, 320, "41203d1d536c"),
}
# Those that a test may make without minutes or gigabytes.
SMALL = [name for name, (parameters, *_) in KNOWN.items() if parameters < 30_000_000]
FAMILIES = [
    "alexnet",
    "densenet121",
    "efficientnet_b0",
    "efficientnet_v2_s",
    "mobilenet_v2",
    "resnet18",
    "resnext50_32x4d",
    "squeezenet1_0",
    "squeezenet1_1",
    "vgg11_bn",
]


def make(name: str, **kwargs: Any) -> Any:
    return models.get_model(name, **kwargs)


def quiet(model: Any) -> Any:
    """The model without randomness."""
    for module in model.modules():
        if type(module).__name__ in ("Dropout", "StochasticDepth"):
            module.p = 0.0
    return model


def test_all_models_are_listed() -> None:
    assert models.list_models() == sorted(KNOWN)
    assert models.list_models(include="resnet*", exclude=["*1", "*2"]) == [
        "resnet18",
        "resnet34",
        "resnet50",
    ]
    assert models.list_models(sys.modules["wengert.vision.models.vgg"], include=["*16*"]) == [
        "vgg16",
        "vgg16_bn",
    ]
    assert models.get_model_builder("ResNet18") is models.resnet18
    with pytest.raises(ValueError, match="no model 'resnet19'"):
        models.get_model("resnet19")


@pytest.mark.parametrize(
    "name",
    [
        *SMALL,
        *(pytest.param(n, marks=pytest.mark.slow) for n in KNOWN if n not in SMALL),
    ],
)
def test_names_and_shapes_are_the_known_ones(name: str) -> None:
    model = make(name)
    state = model.state_dict()
    text = "\n".join(f"{key} {tuple(value.shape)}" for key, value in state.items())
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    assert (sum(p.numel() for p in model.parameters()), len(state), digest) == KNOWN[name]


@pytest.mark.parametrize("name", FAMILIES)
def test_forward_and_backward_on_small_images(name: str) -> None:
    model = make(name, num_classes=7)
    images = wg.randn(2, 3, 64, 64)
    out = model(images)
    assert out.shape == (2, 7)
    out.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    model.eval()
    with wg.no_grad():
        both = model(images)
        np.testing.assert_allclose(
            model(images[:1]).numpy(), both[:1].numpy(), atol=2e-5, rtol=1e-4
        )


def test_initial_values() -> None:
    resnet = models.resnet18(num_classes=5, zero_init_residual=True)
    assert (resnet.layer1[0].bn2.weight == 0).all() and (resnet.bn1.weight == 1).all()
    weight = resnet.layer4[1].conv1.weight
    assert weight.std().item() == pytest.approx(math.sqrt(2 / (512 * 9)), rel=0.01)
    mobile = models.mobilenet_v2()
    assert mobile.classifier[1].weight.std().item() == pytest.approx(0.01, rel=0.01)
    assert (mobile.classifier[1].bias == 0).all()
    efficient = models.efficientnet_b0()
    assert efficient.classifier[1].weight.abs().max().item() == pytest.approx(1000**-0.5, rel=0.01)
    last = efficient.features[7][0].block[0][1]
    assert (last.eps, last.momentum) == (1e-5, 0.1)


def test_arguments_of_residual_networks() -> None:
    dilated = models.resnet50(replace_stride_with_dilation=[False, True, True], num_classes=2)
    assert dilated.layer4[1].conv2.dilation == (4, 4) and dilated.layer3[0].conv2.stride == (1, 1)
    assert dilated.eval()(wg.randn(1, 3, 32, 32)).shape == (1, 2)
    frozen = models.resnet18(norm_layer=ops.FrozenBatchNorm2d, num_classes=2)
    frozen.load_state_dict(models.resnet18(num_classes=2).state_dict())
    with pytest.raises(ValueError, match="three bools"):
        models.resnet18(replace_stride_with_dilation=[True])
    with pytest.raises(NotImplementedError, match="dilation"):
        models.resnet18(replace_stride_with_dilation=[True, True, True])
    with pytest.raises(ValueError, match="take Bottleneck"):
        models.resnet18(width_per_group=128)
    with pytest.raises(TypeError):
        models.resnet18(no_such_argument=1)


def test_weights_are_read_from_a_file(tmp_path: Path) -> None:
    source = models.squeezenet1_1(num_classes=3)
    path = tmp_path / "squeezenet.safetensors"
    wg.save(source.state_dict(), path)
    for given in (path, str(path)):
        loaded = models.squeezenet1_1(weights=given, num_classes=3)
        for a, b in zip(source.parameters(), loaded.parameters()):
            assert a.equal(b)
    with pytest.raises(RuntimeError, match="size mismatch"):
        models.squeezenet1_1(weights=path)
    with pytest.raises(FileNotFoundError):
        models.squeezenet1_1(weights="nowhere.safetensors")


def test_old_names_in_files_of_densenet(tmp_path: Path) -> None:
    source = models.densenet121(num_classes=3)
    path = tmp_path / "densenet.safetensors"
    old = {}
    for key, value in source.state_dict().items():
        for part in ("norm", "conv"):
            for digit in "12":
                if "denselayer" in key:
                    key = key.replace(f".{part}{digit}.", f".{part}.{digit}.")
        old[key] = value
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    wg.save(old, path)
    loaded = models.densenet121(weights=path, num_classes=3)
    assert all(a.equal(b) for a, b in zip(source.parameters(), loaded.parameters()))


@pytest.mark.parametrize("weights", ["DEFAULT", "IMAGENET1K_V1", True])
def test_published_weights_are_refused(weights: Any) -> None:
    with pytest.raises(RuntimeError, match=r"cannot be downloaded.*resnet18\.safetensors"):
        models.resnet18(weights=weights)
    with pytest.raises(RuntimeError, match="cannot be downloaded"):
        models.resnet18(weights=models.ResNet18_Weights.DEFAULT)


def test_deprecated_arguments() -> None:
    with pytest.warns(UserWarning, match="pretrained is deprecated"):
        models.squeezenet1_1(pretrained=False, num_classes=2)
    with (
        pytest.warns(UserWarning, match="pretrained is deprecated"),
        pytest.raises(RuntimeError, match="cannot be downloaded"),
    ):
        models.squeezenet1_1(pretrained=True)
    with pytest.warns(UserWarning, match="positional"):
        models.squeezenet1_1(False, True, num_classes=2)
    with pytest.raises(TypeError, match="at most"):
        models.squeezenet1_1(None, True, 2)


def test_stochastic_depth() -> None:
    wg.manual_seed(0)
    x = wg.ones(1000, 2, 3)
    out = ops.stochastic_depth(x, 0.25, "row")
    rows = out[:, 0, 0]
    assert (out == rows[:, None, None]).all()
    assert set(rows.tolist()) == {0.0, wg.tensor(1 / 0.75).item()}
    assert (rows == 0).float().mean().item() == pytest.approx(0.25, abs=0.05)
    whole = ops.stochastic_depth(x, 0.5, "batch")
    assert whole.min() == whole.max()
    assert (ops.stochastic_depth(x, 1.0, "row") == 0).all()
    assert ops.stochastic_depth(x, 0.5, "row", training=False) is x
    with pytest.raises(ValueError, match="between 0 and 1"):
        ops.stochastic_depth(x, 1.5, "row")
    with pytest.raises(ValueError, match="mode"):
        ops.stochastic_depth(x, 0.5, "column")
    assert repr(ops.StochasticDepth(0.5, "row")) == "StochasticDepth(p=0.5, mode=row)"


@compared
@pytest.mark.parametrize("name", SMALL)
def test_structure_is_torchvisions(name: str) -> None:
    theirs = getattr(torchvision.models, name)(num_classes=2)
    assert repr(make(name, num_classes=2)) == repr(theirs)


def compare(ours: Any, theirs: Any, inputs: np.ndarray, tolerance: float) -> None:
    """Results and gradients, with torchvision's values, in evaluation and in training."""
    state = {k: wg.from_numpy(v.numpy().copy()) for k, v in theirs.state_dict().items()}
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict(state)
    dtype = str(inputs.dtype)
    quiet(ours).to(getattr(wg, dtype))
    quiet(theirs).to(getattr(torch, dtype))
    for training in (False, True):
        ours.train(training)
        theirs.train(training)
        expected = theirs(torch.from_numpy(inputs))
        result = ours(wg.from_numpy(inputs))
        scale = expected.detach().abs().max().item()
        np.testing.assert_allclose(
            result.detach().numpy(), expected.detach().numpy(), rtol=0, atol=tolerance * scale
        )
        expected.square().sum().backward()
        result.square().sum().backward()
        if inputs.dtype == np.float64:
            parameters = list(zip(ours.parameters(), theirs.parameters()))
            for a, b in (parameters[0], parameters[len(parameters) // 2], parameters[-1]):
                grad = b.grad.numpy()
                atol = tolerance * max(1e-6, np.abs(grad).max())
                np.testing.assert_allclose(a.grad.numpy(), grad, rtol=0, atol=atol)
        ours.zero_grad()
        theirs.zero_grad()


@compared
@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-6), ("float32", 1e-4)])
def test_results_are_torchvisions(name: str, dtype: str, tolerance: float) -> None:
    torch.manual_seed(0)
    theirs = getattr(torchvision.models, name)(num_classes=10)
    images = np.random.default_rng(0).standard_normal((4, 3, 64, 64)).astype(dtype)
    compare(make(name, num_classes=10), theirs, images, tolerance)


BLOCKS = [
    ("Conv2dNormActivation", (3, 6), {"kernel_size": (3, 5), "dilation": 2, "stride": 2}),
    ("Conv2dNormActivation", (3, 6), {"norm_layer": None, "inplace": None}),
    ("Conv2dNormActivation", (3, 6), {"activation_layer": None, "groups": 3, "padding": "same"}),
    ("SqueezeExcitation", (3, 2), {}),
    ("FrozenBatchNorm2d", (3,), {"eps": 1e-3}),
    ("MLP", (8, [6, 5]), {"inplace": False}),
    ("MLP", (8, [6, 5]), {"bias": False, "dropout": 0.5}),
    ("Permute", ([0, 2, 3, 1],), {}),
]


@compared
@pytest.mark.parametrize(("name", "args", "kwargs"), BLOCKS)
def test_blocks_are_torchvisions(name: str, args: tuple, kwargs: dict[str, Any]) -> None:
    theirs = getattr(torchvision.ops, name)(*args, **kwargs)
    ours = getattr(ops, name)(*args, **kwargs)
    assert repr(ours) == repr(theirs)
    images = np.random.default_rng(0).standard_normal((2, 3, 8, 8))
    state = {k: wg.from_numpy(v.numpy().copy()) for k, v in theirs.state_dict().items()}
    ours.load_state_dict(state)
    np.testing.assert_allclose(
        quiet(ours).double()(wg.from_numpy(images)).detach().numpy(),
        quiet(theirs).double()(torch.from_numpy(images)).detach().numpy(),
        atol=1e-12,
    )


@compared
@pytest.mark.parametrize(
    "name", ["ResNet", "VGG", "MobileNetV2", "DenseNet", "EfficientNet", "AlexNet", "SqueezeNet"]
)
def test_signatures_are_torchvisions(name: str) -> None:
    def parameters(module: Any) -> list[tuple[str, Any, Any]]:
        found = inspect.signature(getattr(module, name)).parameters.values()
        return [(p.name, p.kind, p.default) for p in found]

    assert parameters(models) == parameters(torchvision.models)


def test_blocks_without_torchvision() -> None:
    block = ops.Conv3dNormActivation(2, 4, kernel_size=(3, 1, 3), dilation=(2, 1, 1))
    assert isinstance(block, nn.Sequential) and block.out_channels == 4
    assert block(wg.randn(1, 2, 5, 6, 7)).shape == (1, 4, 5, 6, 7)
    assert block[0].padding == (2, 0, 1)
