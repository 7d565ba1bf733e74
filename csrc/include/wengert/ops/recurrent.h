// Recurrent networks.
#pragma once

#include <tuple>
#include <utility>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// ---- one step: input (N, in) and states (N, hidden); weights (gates * hidden, in) and
// (gates * hidden, hidden); the biases (gates * hidden) may be undefined.
// {h, c} from hx = {h, c}; the order of the 4 gates is input, forget, candidate, output.
WENGERT_API std::pair<Tensor, Tensor> lstm_cell(const Tensor& input, TensorList hx,
                                                const Tensor& w_ih, const Tensor& w_hh,
                                                const Tensor& b_ih = {}, const Tensor& b_hh = {});
// The order of the 3 gates is reset, update, new.
WENGERT_API Tensor gru_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih,
                            const Tensor& w_hh, const Tensor& b_ih = {}, const Tensor& b_hh = {});
WENGERT_API Tensor rnn_tanh_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih,
                                 const Tensor& w_hh, const Tensor& b_ih = {},
                                 const Tensor& b_hh = {});
WENGERT_API Tensor rnn_relu_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih,
                                 const Tensor& w_hh, const Tensor& b_ih = {},
                                 const Tensor& b_hh = {});

// ---- sequences: input (steps, N, in), or (N, steps, in) with batch_first. `params` holds for each
// layer, and within it for each direction: w_ih, w_hh, with has_biases b_ih and b_hh, and for an
// LSTM with projection w_hr (out, hidden). A layer's input is the output of the one before, with
// both directions side by side and, in training, after dropout. The first states hx
// (layers * directions, N, hidden) are zeros if undefined or, for an LSTM, empty.
// Returns the outputs of the last layer for every step, and the last states of every layer.
WENGERT_API std::tuple<Tensor, Tensor, Tensor> lstm(const Tensor& input, TensorList hx,
                                                    TensorList params, bool has_biases,
                                                    int64_t num_layers, double dropout, bool train,
                                                    bool bidirectional, bool batch_first);
#define WG_RECURRENT(name)                                                       \
  WENGERT_API std::pair<Tensor, Tensor> name(                                    \
      const Tensor& input, const Tensor& hx, TensorList params, bool has_biases, \
      int64_t num_layers, double dropout, bool train, bool bidirectional, bool batch_first);
WG_RECURRENT(gru)
WG_RECURRENT(rnn_tanh)
WG_RECURRENT(rnn_relu)
#undef WG_RECURRENT

// The same for packed sequences: the rows of all steps after each other, batch_sizes of them, the
// sequences in order of falling length.
WENGERT_API std::tuple<Tensor, Tensor, Tensor> lstm(const Tensor& data, Dims batch_sizes,
                                                    TensorList hx, TensorList params,
                                                    bool has_biases, int64_t num_layers,
                                                    double dropout, bool train, bool bidirectional);
#define WG_RECURRENT(name)                                                                        \
  WENGERT_API std::pair<Tensor, Tensor> name(                                                     \
      const Tensor& data, Dims batch_sizes, const Tensor& hx, TensorList params, bool has_biases, \
      int64_t num_layers, double dropout, bool train, bool bidirectional);
WG_RECURRENT(gru)
WG_RECURRENT(rnn_tanh)
WG_RECURRENT(rnn_relu)
#undef WG_RECURRENT

WENGERT_NAMESPACE_END
