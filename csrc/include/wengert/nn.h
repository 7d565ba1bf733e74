// Layers of neural networks, with the names, the parameters' names and the initial values of the
// Python layers, so that the files of one are read by the other.
//
//   struct Net : nn::Module {
//     nn::Linear hidden{784, 128}, out{128, 10};
//     Net() {
//       register_module("hidden", hidden);
//       register_module("out", out);
//     }
//     Tensor forward(const Tensor& x) override { return out(relu(hidden(x))); }
//   };
#pragma once

#include <array>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wengert/io.h"
#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

// Holds parameters, buffers (tensors that are saved but not trained) and other modules. It stays
// where it is: those that hold it know its address.
class WENGERT_API Module {
 public:
  Module() = default;
  virtual ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  // Overridden by modules that map one tensor to one; others have functions of their own.
  virtual Tensor forward(const Tensor& input);
  // forward(input). For profiles that are on, a call is an event: of the outermost module by its
  // type's name, of those inside it with their own names behind.
  Tensor operator()(const Tensor& input);

  // Of this module and those inside it, each once, in the order of registration. Names have the
  // names of the modules in front: "hidden.weight".
  std::vector<Tensor> parameters() const;
  NamedTensors named_parameters() const;
  NamedTensors named_buffers() const;
  const std::vector<std::pair<std::string, std::shared_ptr<Module>>>& children() const {
    return modules_;
  }

  // In training, Dropout drops and BatchNorm2d uses the statistics of the batch.
  void train(bool on = true);
  void eval() { train(false); }
  bool is_training() const { return training_; }
  void requires_grad_(bool on = true);
  void zero_grad();

  // Parameters and buffers by name, for io::save. They share memory with those in use.
  TensorMap state_dict() const;
  // Copies the values of `state` into the parameters and buffers. Names that are missing or unknown
  // (unless not `strict`) and shapes that differ are an Error, which changes nothing.
  void load_state_dict(const TensorMap& state, bool strict = true);

 protected:
  // Each returns what it was given. ValueError for a name that is taken, empty or contains a dot.
  Tensor register_parameter(const std::string& name, Tensor t);
  Tensor register_buffer(const std::string& name, Tensor t);
  // `module` must live as long as this one; usually it is a member.
  void register_module(const std::string& name, Module& module);
  void register_module(const std::string& name, std::shared_ptr<Module> module);

 private:
  void check_name(const std::string& name) const;
  void collect(NamedTensors Module::* list, const std::string& prefix, NamedTensors& to) const;
  void add_state(const std::string& prefix, TensorMap& to) const;

  NamedTensors parameters_, buffers_;
  std::vector<std::pair<std::string, std::shared_ptr<Module>>> modules_;
  bool training_ = true;
};

template <class M, class... Args>
std::shared_ptr<M> make(Args&&... args) {
  return std::make_shared<M>(std::forward<Args>(args)...);
}

// Modules applied one after the other, called "0", "1", ...
class WENGERT_API Sequential : public Module {
 public:
  Sequential(std::initializer_list<std::shared_ptr<Module>> modules = {});
  void append(std::shared_ptr<Module> module);
  Tensor forward(const Tensor& input) override;
};

struct LinearOptions {
  bool bias = true;
  std::optional<DType> dtype = {};
};
// input weight^T + bias; weight (out, in) and bias are drawn from U(-1 / sqrt(in), 1 / sqrt(in)).
class WENGERT_API Linear : public Module {
 public:
  Linear(int64_t in_features, int64_t out_features, const LinearOptions& options = {});
  Tensor forward(const Tensor& input) override;
  Tensor weight, bias;  // bias is undefined without
};

// One number for both dimensions, or one for each.
struct Size2 {
  Size2(int64_t both) : d{both, both} {}
  Size2(int64_t height, int64_t width) : d{height, width} {}
  operator Dims() const { return {d.data(), d.size()}; }
  std::array<int64_t, 2> d;
};

struct Conv2dOptions {
  Size2 stride = 1, padding = 0, dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  std::optional<DType> dtype = {};
};
// Cross-correlation of (N, in, H, W); weight (out, in / groups, *kernel_size) and bias are drawn as
// those of Linear, with the number of inputs of one output.
class WENGERT_API Conv2d : public Module {
 public:
  Conv2d(int64_t in_channels, int64_t out_channels, Size2 kernel_size,
         const Conv2dOptions& options = {});
  Tensor forward(const Tensor& input) override;
  const Conv2dOptions options;
  Tensor weight, bias;
};

struct BatchNormOptions {
  double eps = 1e-5, momentum = 0.1;
  bool affine = true;
  std::optional<DType> dtype = {};
};
// (x - mean) / sqrt(var + eps) * weight + bias for each channel of (N, C, H, W).
class WENGERT_API BatchNorm2d : public Module {
 public:
  explicit BatchNorm2d(int64_t num_features, const BatchNormOptions& options = {});
  Tensor forward(const Tensor& input) override;
  const BatchNormOptions options;
  Tensor weight, bias, running_mean, running_var, num_batches_tracked;
};

struct MaxPool2dOptions {
  std::optional<Size2> stride = {};  // the kernel's size
  Size2 padding = 0, dilation = 1;
  bool ceil_mode = false;
};
class WENGERT_API MaxPool2d : public Module {
 public:
  explicit MaxPool2d(Size2 kernel_size, const MaxPool2dOptions& options = {});
  Tensor forward(const Tensor& input) override;
  const Size2 kernel_size;
  const MaxPool2dOptions options;
};

class WENGERT_API Dropout : public Module {
 public:
  explicit Dropout(double p = 0.5);
  Tensor forward(const Tensor& input) override;
  const double p;
};

// Dimensions start_dim to end_dim as one.
class WENGERT_API Flatten : public Module {
 public:
  explicit Flatten(int64_t start_dim = 1, int64_t end_dim = -1);
  Tensor forward(const Tensor& input) override;
  const int64_t start_dim, end_dim;
};

// The functions of the same names, in lower case.
#define WENGERT_ACTIVATION(Name)                  \
  class WENGERT_API Name : public Module {        \
   public:                                        \
    Tensor forward(const Tensor& input) override; \
  };
WENGERT_ACTIVATION(ReLU)
WENGERT_ACTIVATION(GELU)
WENGERT_ACTIVATION(SiLU)
WENGERT_ACTIVATION(Sigmoid)
WENGERT_ACTIVATION(Tanh)
#undef WENGERT_ACTIVATION

}  // namespace nn
WENGERT_NAMESPACE_END
