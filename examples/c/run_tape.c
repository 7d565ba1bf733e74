/* Runs a program that Python has recorded and saved: inference, or a whole training step.
 *
 *   c_run_tape PROGRAM INPUTS RESULTS [RUNS [LEARNING_RATE]]
 *
 * INPUTS is a safetensors file with the arguments 0, 1, ...; RESULTS gets the results of the last
 * run under such names. What the program has trained is written to RESULTS.states, and the program
 * with it to RESULTS.tape, from which training goes on. Prints what the program takes. */
#include <stdio.h>
#include <stdlib.h>
#include <wengert/c.h>

static void check(wg_status status) {
  if (status == WG_OK) return;
  fprintf(stderr, "error %d: %s\n", (int)status, wg_last_error_message());
  exit(1);
}

static wg_tensor** tensors(int64_t n) {
  wg_tensor** all = calloc(n ? (size_t)n : 1, sizeof *all);
  if (!all) exit(1);
  return all;
}

/* The arguments, by their numbers in the file. */
static wg_tensor** read_inputs(wg_tape* tape, const char* path, int64_t* n) {
  wg_map* map;
  wg_tensor** inputs;
  int64_t i, k;
  check(wg_map_load(path, &map));
  check(wg_tape_arguments(tape, n));
  inputs = tensors(*n);
  for (i = 0; i < *n; ++i) {
    const int64_t* shape;
    int64_t ndim;
    char name[24];
    wg_dtype dtype;
    check(wg_tape_argument(tape, i, &dtype, &shape, NULL, &ndim));
    printf("argument %ld: dtype %d, shape", (long)i, (int)dtype);
    for (k = 0; k < ndim; ++k) printf(" %ld", (long)shape[k]);
    printf("\n");
    snprintf(name, sizeof name, "%ld", (long)i);
    check(wg_map_get(map, name, &inputs[i]));
  }
  check(wg_map_release(map));
  return inputs;
}

static void write_results(wg_tensor** results, int64_t n, const char* path) {
  wg_map* map;
  int64_t i;
  check(wg_map_create(&map));
  for (i = 0; i < n; ++i) {
    char name[24];
    snprintf(name, sizeof name, "%ld", (long)i);
    if (results[i]) check(wg_map_set(map, name, results[i]));
  }
  check(wg_map_save(map, path));
  check(wg_map_release(map));
}

/* The program's own tensors, by themselves and with the program. */
static void write_states(wg_tape* tape, const char* results) {
  char path[4096];
  wg_map* states;
  int64_t n;
  check(wg_tape_states(tape, &states));
  check(wg_map_size(states, &n));
  snprintf(path, sizeof path, "%s.states", results);
  check(wg_map_save(states, path));
  check(wg_map_release(states));
  snprintf(path, sizeof path, "%s.tape", results);
  check(wg_tape_save(tape, path));
  printf("%ld tensors of its own\n", (long)n);
}

int main(int argc, char** argv) {
  wg_tape* tape;
  wg_tensor **inputs, **results;
  int64_t n_inputs, n_results, i;
  int run;
  const int runs = argc > 4 ? atoi(argv[4]) : 1;
  if (argc < 4) {
    fprintf(stderr, "usage: %s PROGRAM INPUTS RESULTS [RUNS [LEARNING_RATE]]\n", argv[0]);
    return 2;
  }
  if (wg_abi_version() < WG_ABI_VERSION) return 2; /* an older library */
  check(wg_tape_load(argv[1], &tape));
  inputs = read_inputs(tape, argv[2], &n_inputs);
  check(wg_tape_results(tape, &n_results));
  results = tensors(n_results);
  if (argc > 5) {
    const double lr = atof(argv[5]);
    for (i = 0; wg_tape_set_number(tape, "lr", i, lr) == WG_OK; ++i) continue;
    printf("learning rates %ld\n", (long)i);
  }
  check(wg_manual_seed(7));
  for (run = 0; run < runs; ++run) {
    for (i = 0; i < n_results; ++i) check(wg_tensor_release(results[i]));
    check(wg_tape_run(tape, inputs, n_inputs, results, n_results));
  }
  write_results(results, n_results, argv[3]);
  write_states(tape, argv[3]);

  for (i = 0; i < n_results; ++i) check(wg_tensor_release(results[i]));
  for (i = 0; i < n_inputs; ++i) check(wg_tensor_release(inputs[i]));
  free(results);
  free(inputs);
  check(wg_tape_release(tape));
  {
    uint64_t allocated;
    check(wg_memory(&allocated, NULL));
    printf("bytes in use %lu\n", (unsigned long)allocated);
  }
  return 0;
}
