// Modules that hold other modules or parameters.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "wengert/nn/module.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

using ModulePtr = std::shared_ptr<Module>;

// Modules called "0", "1", ..., used as a list.
class WENGERT_API ModuleList : public Module {
 public:
  ModuleList(std::initializer_list<ModulePtr> modules = {});
  explicit ModuleList(const std::vector<ModulePtr>& modules);
  void append(ModulePtr module);
  void extend(const std::vector<ModulePtr>& modules);
  // Adds one before `index`, which counts from the end where it is negative.
  void insert(int64_t index, ModulePtr module);
  // Takes one out and returns it.
  ModulePtr pop(int64_t index = -1);
  void set(int64_t index, ModulePtr module);
  size_t size() const { return children().size(); }
  // IndexError where there is none.
  Module& operator[](int64_t index) const;
  const ModulePtr& at(int64_t index) const;
  template <class M>
  M& get(int64_t index) const {
    return dynamic_cast<M&>((*this)[index]);
  }
  // With modules of the same text on one line.
  std::string to_string() const override;
  std::shared_ptr<Module> make_like() const override { return make<ModuleList>(); }

 private:
  size_t position(const char* op, int64_t index, size_t size) const;
};

// Modules applied one after the other, called "0", "1", ... or by names of one's own.
class WENGERT_API Sequential : public ModuleList {
 public:
  using ModuleList::ModuleList;
  static std::shared_ptr<Sequential> named(
      const std::vector<std::pair<std::string, ModulePtr>>& modules);
  Tensor forward(const Tensor& input) override;
  std::string to_string() const override { return Module::to_string(); }
  std::shared_ptr<Module> make_like() const override { return make<Sequential>(); }
};

// Modules by name, in the order of insertion.
class WENGERT_API ModuleDict : public Module {
 public:
  ModuleDict(std::initializer_list<std::pair<std::string, ModulePtr>> modules = {});
  // Adds or replaces one.
  void set(const std::string& name, ModulePtr module);
  // Takes one out and returns it. IndexError where there is none of this name, as below.
  ModulePtr pop(const std::string& name);
  bool contains(const std::string& name) const;
  std::vector<std::string> keys() const;
  size_t size() const { return children().size(); }
  Module& operator[](const std::string& name) const;
  const ModulePtr& at(const std::string& name) const;
  template <class M>
  M& get(const std::string& name) const {
    return dynamic_cast<M&>((*this)[name]);
  }
  std::shared_ptr<Module> make_like() const override { return make<ModuleDict>(); }
};

// Parameters called "0", "1", ...
class WENGERT_API ParameterList : public Module {
 public:
  ParameterList(std::initializer_list<Tensor> values = {});
  explicit ParameterList(const std::vector<Tensor>& values);
  void append(Tensor value);
  void extend(const std::vector<Tensor>& values);
  size_t size() const { return values_.size(); }
  const Tensor& operator[](int64_t index) const;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override;

 private:
  std::vector<Tensor> values_;
};

// Parameters by name, in the order of insertion. (Python sorts the keys of a plain dict.)
class WENGERT_API ParameterDict : public Module {
 public:
  ParameterDict(std::initializer_list<std::pair<std::string, Tensor>> values = {});
  // Adds or replaces one.
  void set(const std::string& name, Tensor value);
  Tensor pop(const std::string& name);
  bool contains(const std::string& name) const;
  std::vector<std::string> keys() const;
  size_t size() const { return values_.size(); }
  const Tensor& operator[](const std::string& name) const;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override;

 private:
  NamedTensors values_;
};

}  // namespace nn
WENGERT_NAMESPACE_END
