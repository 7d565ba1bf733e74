// What of an operation's call files are asked for: the checks of a family of operations each, for
// admit().
#pragma once

#include <map>
#include <string>

#include "tape/admit.h"
#include "tape/attributes.h"
#include "tensor/check.h"
#include "wengert/dtype.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

constexpr int kMany = 1 << 20;  // inputs

// A call as rules see it.
class Call {
 public:
  Call(const std::string& key, const OpValue& op, const Infer& m) : m_(m) {
    for (auto& [name, v] : attributes_of(key, op)) attributes_.emplace(name, v);
  }

  bool has(int i) const { return i < m_.n_inputs && m_.inputs[i]; }
  const TensorImpl& in(int i) const { return m_.in(i); }
  int64_t size(int i, int d) const { return in(i).shape()[d < 0 ? in(i).ndim + d : d]; }
  int inputs() const { return m_.n_inputs; }
  int outputs() const { return m_.n_outputs; }

  template <class T>
  const T& get(const char* name) const {
    return std::get<T>(attributes_.at(name));
  }
  int64_t integer(const char* name) const { return get<int64_t>(name); }
  const std::vector<int64_t>& list(const char* name) const {
    return get<std::vector<int64_t>>(name);
  }

  void need(bool good, const char* what) const { WG_CHECK(good, ValueError, what); }
  void ndim(int i, int n) const {
    WG_CHECK(in(i).ndim == n, ValueError, "expected ", n, " dimensions of input ", i,
             ", but its shape is ", in(i).sizes());
  }
  void least_ndim(int i, int n) const {
    WG_CHECK(in(i).ndim >= n, ValueError, "expected at least ", n, " dimensions of input ", i,
             ", but its shape is ", in(i).sizes());
  }
  void range(const char* name, int64_t least, int64_t end) const {
    WG_CHECK(integer(name) >= least && integer(name) < end, ValueError, "'", name, "' is ",
             integer(name), ", but must lie from ", least, " to ", end - 1);
  }
  // A 0-d tensor counts as one dimension unless a real one is needed.
  void dim(const char* name, int i = 0) const { range(name, 0, std::max<int64_t>(in(i).ndim, 1)); }
  void real_dim(const char* name, int i = 0) const { range(name, 0, in(i).ndim); }
  // Ascending or in any order, none twice.
  void dims(const char* name, int ndim, bool ascending = false) const {
    uint32_t seen = 0;
    int64_t last = -1;
    for (const int64_t d : list(name)) {
      WG_CHECK(d >= 0 && d < ndim && !(seen >> d & 1) && (!ascending || d > last), ValueError, "'",
               name, "' are no dimensions of ", ndim);
      seen |= 1u << d;
      last = d;
    }
  }
  void numbers(const char* name, size_t n, int64_t least, int64_t most = INT32_MAX) const {
    WG_CHECK(list(name).size() == n, ValueError, "expected ", n, " numbers as '", name, "'");
    for (const int64_t v : list(name))
      WG_CHECK(v >= least && v <= most, ValueError, "'", name, "' has the number ", v);
  }
  void shape(const char* name) const {
    for (const int64_t v : list(name)) need(v >= 0, "a negative size");
  }
  void floating(int i) const {
    WG_CHECK(is_floating(in(i).dtype), ValueError, "expected a floating point dtype of input ", i,
             ", but got ", in(i).dtype);
  }
  void wide(int i) const {  // float32 or float64
    WG_CHECK(is_floating(in(i).dtype) && item_size(in(i).dtype) >= 4, ValueError,
             "expected float32 or float64 for input ", i, ", but got ", in(i).dtype);
  }
  void number(int i) const {
    WG_CHECK(!is_complex(in(i).dtype), ValueError, "expected no complex input ", i);
  }
  void dtype(int i, DType t) const {
    WG_CHECK(in(i).dtype == t, ValueError, "expected dtype ", t, " of input ", i, ", but got ",
             in(i).dtype);
  }
  void index(int i) const {
    WG_CHECK(in(i).dtype == DType::int64 || in(i).dtype == DType::int32, ValueError,
             "expected int64 or int32 for input ", i, ", but got ", in(i).dtype);
  }
  void same_dtype(int a, int b) const {
    WG_CHECK(in(a).dtype == in(b).dtype, ValueError, "inputs ", a, " and ", b,
             " must have one dtype, but have ", in(a).dtype, " and ", in(b).dtype);
  }
  void same_shape(int a, int b) const {
    WG_CHECK(in(a).sizes() == in(b).sizes(), ValueError, "inputs ", a, " and ", b,
             " must have one shape, but have ", in(a).sizes(), " and ", in(b).sizes());
  }
  void has_shape(int i, std::initializer_list<int64_t> s) const {
    WG_CHECK(in(i).sizes() == Dims(s.begin(), s.size()), ValueError, "input ", i, " has shape ",
             in(i).sizes(), " instead of ", Dims(s.begin(), s.size()));
  }

 private:
  const Infer& m_;
  std::map<std::string, Attribute> attributes_;
};

using C = const Call&;

struct Rule {
  const char* key;
  int least, most;    // inputs
  uint32_t optional;  // of them, those that may be missing, as a mask
  int outputs;        // -1: any number
  void (*check)(C);
};
constexpr auto none = [](C) {};

struct RuleTable {
  const Rule* rules;
  size_t size;
};
// At the end of a family's file.
#define WG_ADMIT(family)                 \
  extern const RuleTable family##_rules; \
  const RuleTable family##_rules = {rules, std::size(rules)};

}  // namespace tape
WENGERT_NAMESPACE_END
