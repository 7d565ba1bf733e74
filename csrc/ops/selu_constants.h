// Of SELU: Klambauer et al. (2017).
#pragma once

#include "wengert/export.h"

WENGERT_NAMESPACE_BEGIN
inline constexpr double kSeluAlpha = 1.6732632423543772848170429916717;
inline constexpr double kSeluScale = 1.0507009873554804934193349852946;
WENGERT_NAMESPACE_END
