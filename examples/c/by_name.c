/* Functions by their names, and an operation whose gradient is written in C.
 *
 * Prints how many functions there are, the sum of a convolution's result and the gradient of a
 * softplus: 1 / (1 + exp(-x)) at -1, 0 and 1. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <wengert/c.h>

static void check(wg_status status) {
  if (status == WG_OK) return;
  fprintf(stderr, "error %d: %s\n", (int)status, wg_last_error_message());
  exit(1);
}

static void convolution(void) {
  const int64_t image[4] = {1, 3, 8, 8}, kernel[4] = {2, 3, 3, 3}, padding[2] = {1, 1};
  wg_value arguments[4], results[1];
  wg_tensor *x, *w, *sum;
  double value;
  check(wg_tensor_ones(image, 4, WG_FLOAT32, &x));
  check(wg_tensor_ones(kernel, 4, WG_FLOAT32, &w));
  arguments[0] = wg_arg_tensor(NULL, x);
  arguments[1] = wg_arg_tensor(NULL, w);
  arguments[2] = wg_arg_int("stride", 2);
  arguments[3] = wg_arg_ints("padding", padding, 2);
  check(wg_call("conv2d", arguments, 4, results, 1, NULL));
  check(wg_sum(results[0].as.tensor, NULL, 0, false, &sum));
  check(wg_tensor_item(sum, &value));
  printf("sum of the convolution %g\n", value);
  check(wg_tensor_release(results[0].as.tensor));
  check(wg_tensor_release(sum));
  check(wg_tensor_release(x));
  check(wg_tensor_release(w));
}

/* The gradient of the softplus: that of its result times the sigmoid of its input. */
static wg_status softplus_backward(void* calls, wg_tensor* const* grad_outputs, int64_t n_outputs,
                                   wg_tensor* const* saved, int64_t n_saved,
                                   wg_tensor** grad_inputs, int64_t n_inputs) {
  wg_tensor* slope;
  wg_status status = wg_sigmoid(saved[0], &slope);
  (void)n_outputs, (void)n_saved, (void)n_inputs;
  ++*(int*)calls;
  if (status != WG_OK) return status;
  status = wg_mul(grad_outputs[0], slope, &grad_inputs[0]);
  wg_tensor_release(slope);
  return status;
}

static wg_tensor* softplus(wg_tensor* x, int* calls) {
  const int64_t* shape;
  int64_t ndim, numel, i;
  double* values;
  bool before;
  wg_tensor* out;
  check(wg_tensor_shape(x, &shape, &ndim));
  check(wg_tensor_numel(x, &numel));
  values = malloc((size_t)numel * sizeof *values);
  check(wg_tensor_copy_to(x, values, (uint64_t)numel * sizeof *values));
  for (i = 0; i < numel; ++i) values[i] = log1p(exp(values[i]));
  check(wg_set_grad_enabled(false, &before));
  check(wg_tensor_from_data(values, shape, ndim, WG_FLOAT64, &out));
  check(wg_set_grad_enabled(before, NULL));
  free(values);
  check(wg_record_custom("softplus", softplus_backward, calls, NULL, &x, 1, &out, 1, &x, 1));
  return out;
}

int main(void) {
  const double points[3] = {-1, 0, 1};
  const int64_t shape[1] = {3};
  double slopes[3];
  int64_t functions = 0;
  int calls = 0;
  wg_tensor *x, *y, *total, *grad;
  while (wg_function_info(functions, NULL, NULL, NULL) == WG_OK) ++functions;
  printf("%ld functions\n", (long)functions);
  convolution();

  check(wg_tensor_from_data(points, shape, 1, WG_FLOAT64, &x));
  check(wg_tensor_set_requires_grad(x, true));
  y = softplus(x, &calls);
  check(wg_sum(y, NULL, 0, false, &total));
  check(wg_tensor_backward(total));
  check(wg_tensor_grad(x, &grad));
  check(wg_tensor_copy_to(grad, slopes, sizeof slopes));
  printf("slopes %.6f %.6f %.6f in %d call\n", slopes[0], slopes[1], slopes[2], calls);
  check(wg_tensor_release(grad));
  check(wg_tensor_release(total));
  check(wg_tensor_release(y));
  check(wg_tensor_release(x));
  return 0;
}
