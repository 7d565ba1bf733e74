// Trains a small network on MNIST or Fashion-MNIST, from C++ alone.
//
//   train_digits FOLDER [EPOCHS [SEED]]
//
// FOLDER holds the four IDX files, uncompressed: train-images-idx3-ubyte and so on. The accuracy
// printed after an epoch is that on the test images, which are used for nothing else.
#include <wengert/wengert.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace wg = wengert;
namespace fs = std::filesystem;

struct Idx {
  std::vector<int64_t> sizes;
  std::vector<uint8_t> values;
};

// An IDX file of bytes: zero, zero, 8, rank, big-endian sizes, values.
Idx read_idx(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    fs::path packed = path;
    packed += ".gz";
    throw std::runtime_error(fs::exists(packed)
                                 ? packed.string() + " is compressed; run: gunzip -k '" +
                                       packed.string() + "'"
                                 : "cannot read " + path.string());
  }
  auto byte = [&file] { return static_cast<uint8_t>(file.get()); };
  uint8_t start[4] = {byte(), byte(), byte(), byte()};
  if (!file || start[0] != 0 || start[1] != 0 || start[2] != 8 || start[3] < 1 || start[3] > 4) {
    throw std::runtime_error(path.string() + " is not an IDX file of bytes");
  }
  Idx idx;
  uint64_t count = 1;
  for (int i = 0; i < start[3]; ++i) {
    uint32_t size = 0;
    for (int k = 0; k < 4; ++k) size = size << 8 | byte();
    idx.sizes.push_back(size);
    count *= size;
  }
  // Compared with the file's length first, so that a damaged header asks for no absurd memory.
  if (!file || fs::file_size(path) != count + 4 + 4 * idx.sizes.size()) {
    throw std::runtime_error(path.string() + " does not have the length its header tells");
  }
  idx.values.resize(count);
  file.read(reinterpret_cast<char*>(idx.values.data()), static_cast<std::streamsize>(count));
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return idx;
}

struct Split {
  wg::Tensor images;  // float32 (n, rows * columns), 0 to 1
  wg::Tensor labels;  // int64 (n)
  int64_t size;
};

Split load_split(const fs::path& folder, const std::string& prefix) {
  Idx images = read_idx(folder / (prefix + "-images-idx3-ubyte"));
  Idx labels = read_idx(folder / (prefix + "-labels-idx1-ubyte"));
  if (images.sizes.size() != 3 || labels.sizes.size() != 1 || images.sizes[0] != labels.sizes[0]) {
    throw std::runtime_error(folder.string() + ": images and labels do not belong together");
  }
  int64_t n = images.sizes[0];
  int64_t pixels = images.sizes[1] * images.sizes[2];
  std::vector<float> grey(images.values.size());
  std::transform(images.values.begin(), images.values.end(), grey.begin(),
                 [](uint8_t v) { return static_cast<float>(v) / 255.0f; });
  std::vector<int64_t> classes(labels.values.begin(), labels.values.end());
  return {wg::from_data(grey.data(), {n, pixels}, wg::DType::float32),
          wg::from_data(classes.data(), {n}, wg::DType::int64), n};
}

class Net : public wg::nn::Module {
 public:
  explicit Net(int64_t pixels) : fc1_(pixels, 512), fc2_(512, 256), fc3_(256, 10) {
    register_module("fc1", fc1_);
    register_module("fc2", fc2_);
    register_module("fc3", fc3_);
  }
  wg::Tensor forward(const wg::Tensor& x) override {
    return fc3_.forward(wg::relu(fc2_.forward(wg::relu(fc1_.forward(x)))));
  }

 private:
  wg::nn::Linear fc1_, fc2_, fc3_;
};

double accuracy(Net& net, const Split& data) {
  wg::NoGradGuard no_grad;
  constexpr int64_t kBatch = 1000;
  int64_t right = 0;
  for (int64_t i = 0; i < data.size; i += kBatch) {
    int64_t n = std::min(kBatch, data.size - i);
    wg::Tensor predicted = wg::argmax(net.forward(wg::narrow(data.images, 0, i, n)), 1);
    right += wg::sum(predicted == wg::narrow(data.labels, 0, i, n)).item<int64_t>();
  }
  return static_cast<double>(right) / static_cast<double>(data.size);
}

void train(const fs::path& folder, int epochs, uint64_t seed) {
  constexpr int64_t kBatch = 128;
  constexpr double kRate = 1e-3;
  Split train_data = load_split(folder, "train");
  Split test_data = load_split(folder, "t10k");
  wg::manual_seed(seed);
  Net net(train_data.images.size(1));
  wg::optim::Adam optimizer(net.parameters(), {.lr = kRate});
  auto start = std::chrono::steady_clock::now();
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    wg::Tensor order = wg::randperm(train_data.size);
    double total = 0;
    for (int64_t i = 0; i < train_data.size; i += kBatch) {
      int64_t n = std::min(kBatch, train_data.size - i);
      wg::Tensor chosen = wg::narrow(order, 0, i, n);
      optimizer.zero_grad();
      wg::Tensor logits = net.forward(wg::index_select(train_data.images, 0, chosen));
      wg::Tensor labels = wg::index_select(train_data.labels, 0, chosen);
      wg::Tensor loss = wg::cross_entropy(logits, labels);
      loss.backward();
      optimizer.step();
      total += loss.item<float>() * static_cast<double>(n);
    }
    std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    std::printf("epoch %2d  loss %.4f  test accuracy %.2f%%  %.1f s\n", epoch,
                total / static_cast<double>(train_data.size), 100 * accuracy(net, test_data),
                taken.count());
    std::fflush(stdout);
  }
}

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    std::fprintf(stderr,
                 "usage: %s FOLDER [EPOCHS [SEED]]\n"
                 "FOLDER holds MNIST or Fashion-MNIST as uncompressed IDX files\n",
                 argv[0]);
    return 2;
  }
  try {
    train(argv[1], argc > 2 ? std::atoi(argv[2]) : 5,
          argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 0);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "train_digits: %s\n", error.what());
    return 1;
  }
}
