"""Colours of images that are tensors."""

from __future__ import annotations

import wengert as wg
from wengert import Tensor

from ._images import check_channels, floating, top_value

_LUMA = (0.2989, 0.587, 0.114)  # weights of red, green and blue in a grey value


def convert(image: Tensor, dtype: wg.dtype) -> Tensor:
    if image.dtype == dtype:
        return image
    if image.is_floating_point() and dtype.is_floating_point:
        return image.to(dtype)
    high = float(top_value(dtype))
    if image.is_floating_point():
        exact = {wg.float32: (wg.int32, wg.int64), wg.float64: (wg.int64,)}
        if dtype in exact.get(image.dtype, ()):
            raise RuntimeError(
                f"convert_image_dtype: {image.dtype} does not have all values of {dtype}; convert "
                "to a smaller type"
            )
        # Just below high + 1, so that all numbers get an equal share of 0..1.
        return (image * (high + 1.0 - 1e-3)).to(dtype)
    low = float(top_value(image.dtype))
    if dtype.is_floating_point:
        return image.to(dtype) / low
    if low > high:
        return image.div(int((low + 1) // (high + 1)), rounding_mode="floor").to(dtype)
    return image.to(dtype) * int((high + 1) // (low + 1))


def gray(image: Tensor, channels: int = 1) -> Tensor:
    shape = image.shape  # what had one channel keeps it
    if check_channels("rgb_to_grayscale", image, 3) == 3:
        red, green, blue = image.unbind(-3)
        sums = _LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue
        image = sums.to(image.dtype).unsqueeze(-3)
    else:
        image = image.clone()
    return image.expand(shape) if channels == 3 else image


def blend(image: Tensor, other: Tensor, ratio: float) -> Tensor:
    """``ratio * image + (1 - ratio) * other``, within the values of an image."""
    ratio = float(ratio)  # a whole number would be multiplied in bytes
    mixed = ratio * image + (1.0 - ratio) * other
    return mixed.clamp(0, top_value(image.dtype)).to(image.dtype)


def brightness(image: Tensor, factor: float) -> Tensor:
    check_channels("adjust_brightness", image)
    return blend(image, wg.zeros_like(image), factor)


def contrast(image: Tensor, factor: float) -> Tensor:
    channels = check_channels("adjust_contrast", image)
    level = (gray(image) if channels == 3 else image).to(floating(image))
    return blend(image, level.mean((-3, -2, -1), keepdim=True), factor)


def saturation(image: Tensor, factor: float) -> Tensor:
    if check_channels("adjust_saturation", image) == 1:
        return image
    return blend(image, gray(image), factor)


def gamma(image: Tensor, power: float, gain: float) -> Tensor:
    check_channels("adjust_gamma", image)
    light = convert(image, floating(image))
    return convert((gain * light.pow(power)).clamp(0, 1), image.dtype)


def hue(image: Tensor, shift: float) -> Tensor:
    if check_channels("adjust_hue", image) == 1:
        return image
    angle, purity, value = _hsv(convert(image, wg.float32))
    return convert(_rgb((angle + shift) % 1.0, purity, value), image.dtype)


def _hsv(image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Hue, saturation and value, all within 0..1; a grey pixel has the hue and saturation 0."""
    red, green, blue = image.unbind(-3)
    value, least = image.amax(-3), image.amin(-3)
    spread = value - least
    is_gray = spread == 0
    one = wg.ones_like(value)
    divisor = wg.where(is_gray, one, spread)
    r, g, b = ((value - c) / divisor for c in (red, green, blue))
    sixths = wg.where(value == red, b - g, wg.where(value == green, 2.0 + r - b, 4.0 + g - r))
    angle = wg.fmod(sixths / 6.0 + 1.0, 1.0)
    return angle, spread / wg.where(is_gray, one, value), value


def _rgb(angle: Tensor, purity: Tensor, value: Tensor) -> Tensor:
    sixths = angle * 6.0
    sector = sixths.floor()
    f = sixths - sector
    low = (value * (1.0 - purity)).clamp(0.0, 1.0)
    falling = (value * (1.0 - purity * f)).clamp(0.0, 1.0)
    rising = (value * (1.0 - purity * (1.0 - f))).clamp(0.0, 1.0)
    sector = (sector.to(wg.int64) % 6).unsqueeze(0)
    # What each channel is in each of the six sectors of the circle of hues.
    channels = (
        (value, falling, low, low, rising, value),
        (rising, value, value, falling, low, low),
        (low, low, rising, value, value, falling),
    )
    return wg.stack([wg.stack(c).gather(0, sector).squeeze(0) for c in channels], -3)


def sharpness(image: Tensor, factor: float) -> Tensor:
    check_channels("adjust_sharpness", image)
    if image.size(-1) <= 2 or image.size(-2) <= 2:
        return image
    kind = floating(image)
    kernel = wg.ones(3, 3, dtype=kind)
    kernel[1, 1] = 5.0
    channels = image.size(-3)
    weight = (kernel / kernel.sum()).expand(channels, 1, 3, 3)
    inner = wg.nn.functional.conv2d(image.to(kind), weight, groups=channels)
    smooth = image.clone()
    smooth[..., 1:-1, 1:-1] = (inner if image.is_floating_point() else inner.round()).to(
        image.dtype
    )
    return blend(image, smooth, factor)


def invert(image: Tensor) -> Tensor:
    check_channels("invert", image, 3)
    return top_value(image.dtype) - image


def posterize(image: Tensor, bits: int) -> Tensor:
    check_channels("posterize", image, 3)
    if image.dtype != wg.uint8:
        raise TypeError(f"posterize: expected a uint8 image, got {image.dtype}")
    step = 2 ** (8 - bits)
    return image // step * step if step < 256 else wg.zeros_like(image)


def solarize(image: Tensor, threshold: float) -> Tensor:
    check_channels("solarize", image, 3)
    if threshold > top_value(image.dtype):
        raise TypeError(
            f"solarize: expected a threshold of at most {top_value(image.dtype)}, got {threshold}"
        )
    return wg.where(image >= threshold, invert(image), image)


def autocontrast(image: Tensor) -> Tensor:
    check_channels("autocontrast", image, 3)
    top = top_value(image.dtype)
    kind = floating(image)
    low = image.amin((-2, -1), keepdim=True).to(kind)
    spread = image.amax((-2, -1), keepdim=True).to(kind) - low
    flat = spread == 0
    scale = wg.where(flat, wg.ones_like(low), top / spread)
    low = wg.where(flat, wg.zeros_like(low), low)
    return ((image - low) * scale).clamp(0, top).to(image.dtype)


def equalize(image: Tensor) -> Tensor:
    check_channels("equalize", image, 3)
    if image.dtype != wg.uint8 or image.dim() > 4:
        raise TypeError(
            "equalize: expected a uint8 image of 3 or 4 dimensions, got "
            f"{image.dtype} of shape {tuple(image.shape)}"
        )
    flat = image.reshape(-1, image.size(-2) * image.size(-1))
    return wg.stack([_equal_share(channel) for channel in flat]).reshape(image.shape)


def _equal_share(channel: Tensor) -> Tensor:
    """Maps the values so that each stretch of 0..255 has about as many pixels."""
    counts = wg.bincount(channel.to(wg.int64), minlength=256)
    present = counts[counts != 0]
    step = int(present[:-1].sum()) // 255
    if step == 0:
        return channel
    table = (counts.cumsum(0) + step // 2) // step
    table = wg.cat([table.new_zeros(1), table[:-1]]).clamp(0, 255)
    return table[channel.to(wg.int64)].to(wg.uint8)
