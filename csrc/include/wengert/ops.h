// The operations on tensors, as free functions.
#pragma once

#include "wengert/ops/complex.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/fft.h"
#include "wengert/ops/indexing.h"
#include "wengert/ops/linalg.h"
#include "wengert/ops/nn.h"
#include "wengert/ops/pointwise.h"
#include "wengert/ops/random.h"
#include "wengert/ops/recurrent.h"
#include "wengert/ops/reduction.h"
#include "wengert/ops/shape.h"
#include "wengert/ops/sorting.h"
