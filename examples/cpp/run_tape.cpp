// Runs a program that Python has recorded and saved: inference, or a whole training step.
//
//   run_tape PROGRAM INPUTS RESULTS [RUNS]
//
// INPUTS is a safetensors file with the arguments 0, 1, ...; RESULTS gets the results of the last
// run under such names, and the program's states as state.0, state.1, ...
#include <wengert/wengert.h>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s PROGRAM INPUTS RESULTS [RUNS]\n", argv[0]);
    return 2;
  }
  try {
    const wengert::Tape tape = wengert::Tape::load(argv[1]);
    const wengert::TensorMap given = wengert::io::load(argv[2]).tensors;
    std::vector<wengert::Tensor> inputs;
    for (size_t i = 0; i < tape.arguments().size(); ++i)
      inputs.push_back(given.at(std::to_string(i)));
    wengert::manual_seed(7);
    std::vector<wengert::Tensor> outputs;
    const int runs = argc > 4 ? std::atoi(argv[4]) : 1;
    for (int i = 0; i < runs; ++i) outputs = tape(inputs);
    wengert::TensorMap results;
    for (size_t i = 0; i < outputs.size(); ++i) results[std::to_string(i)] = outputs[i];
    const std::vector<wengert::Tensor> states = tape.states();
    for (size_t i = 0; i < states.size(); ++i)
      results["state." + std::to_string(i)] = states[i].detach();
    wengert::io::save(argv[3], results);
    std::printf("%lld operations, %d runs\n", static_cast<long long>(tape.stats().operations),
                runs);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
