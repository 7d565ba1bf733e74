// The whole public interface.
#pragma once

#include "wengert/autograd.h"
#include "wengert/dtype.h"
#include "wengert/error.h"
#include "wengert/io.h"
#include "wengert/nn.h"
#include "wengert/ops.h"
#include "wengert/ops/factors.h"
#include "wengert/optim.h"
#include "wengert/profile.h"
#include "wengert/random.h"
#include "wengert/runtime.h"
#include "wengert/scalar.h"
#include "wengert/tape.h"
#include "wengert/tensor.h"
#include "wengert/value.h"
#include "wengert/version.h"
