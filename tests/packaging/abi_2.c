/* What ABI 2 of wengert/c.h has added to ABI 1, as it was published; see abi_1.c. */
#include <stddef.h>
#include <wengert/c.h>

wg_status wg_tape_load(const char* path, wg_tape** out);
wg_status wg_tape_release(wg_tape* tape);
wg_status wg_tape_save(wg_tape* tape, const char* path);
wg_status wg_tape_text(wg_tape* tape, char* text, uint64_t capacity, uint64_t* length);
wg_status wg_tape_arguments(wg_tape* tape, int64_t* count);
wg_status wg_tape_results(wg_tape* tape, int64_t* count);
wg_status wg_tape_argument(wg_tape* tape, int64_t number, wg_dtype* dtype, const int64_t** shape,
                           const int64_t** strides, int64_t* ndim);
wg_status wg_tape_result(wg_tape* tape, int64_t number, wg_dtype* dtype, const int64_t** shape,
                         const int64_t** strides, int64_t* ndim);
wg_status wg_tape_run(wg_tape* tape, wg_tensor* const* inputs, int64_t n_inputs,
                      wg_tensor** results, int64_t n_results);
wg_status wg_tape_states(wg_tape* tape, wg_map** out);
wg_status wg_tape_set_states(wg_tape* tape, wg_map* states);
wg_status wg_tape_number(wg_tape* tape, const char* name, int64_t number, double* value);
wg_status wg_tape_set_number(wg_tape* tape, const char* name, int64_t number, double value);

_Static_assert(WG_ABI_VERSION >= 2, "the version grows");

typedef void (*function)(void);
static const function functions[] = {
    (function)wg_tape_load,       (function)wg_tape_release,    (function)wg_tape_save,
    (function)wg_tape_text,       (function)wg_tape_arguments,  (function)wg_tape_results,
    (function)wg_tape_argument,   (function)wg_tape_result,     (function)wg_tape_run,
    (function)wg_tape_states,     (function)wg_tape_set_states, (function)wg_tape_number,
    (function)wg_tape_set_number,
};

int main(void) {
  size_t i;
  for (i = 0; i < sizeof functions / sizeof *functions; ++i) {
    if (!functions[i]) return 1;
  }
  return wg_abi_version() >= 2 ? 0 : 1;
}
