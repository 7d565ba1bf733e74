// Files of PyTorch's save since version 1.6: a zip archive without compression, whose one folder
// has data.pkl and data/KEY for each storage.
#include <cstring>

#include "autograd/mode.h"
#include "io/pickle.h"
#include "io/zip.h"
#include "tensor/check.h"
#include "tensor/copy.h"
#include "wengert/io.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace io {

namespace {

using Kind = PickleItem::Kind;

struct DTypeName {
  const char* name;
  DType dtype;
};
constexpr DTypeName kStorages[] = {{"Double", DType::float64},
                                   {"Float", DType::float32},
                                   {"Half", DType::float16},
                                   {"BFloat16", DType::bfloat16},
                                   {"Long", DType::int64},
                                   {"Int", DType::int32},
                                   {"Short", DType::int16},
                                   {"Char", DType::int8},
                                   {"Byte", DType::uint8},
                                   {"Bool", DType::bool_},
                                   {"ComplexFloat", DType::complex64},
                                   {"ComplexDouble", DType::complex128}};

PickleItem plain(Value v) { return {.plain = std::move(v)}; }

int64_t whole(const PickleItem& item) {
  if (item.kind != Kind::plain || !item.plain.is_int() || item.plain.to_int() < 0 ||
      item.plain.to_int() >> 62) {
    damaged_pickle("a size is not valid");
  }
  return item.plain.to_int();
}

std::vector<int64_t> sizes(const PickleItem& item) {
  std::vector<int64_t> all;
  if (item.kind != Kind::tuple) damaged_pickle("a tensor's shape or strides are no tuple");
  for (const PicklePtr n : item.items) all.push_back(whole(*n));
  if (all.size() > kMaxDims) damaged_pickle("a tensor has too many dimensions");
  return all;
}

bool is_true(const PickleItem& item) {
  return item.kind == Kind::plain && item.plain.is_bool() && item.plain.to_bool();
}

class TorchFile {
 public:
  explicit TorchFile(const std::string& path) : zip_(path) {
    for (const auto& [name, entry] : zip_.entries()) {
      const size_t slash = name.find('/');
      if (slash == name.npos || name.substr(slash) != "/data.pkl") continue;
      WG_CHECK(folder_.empty(), ValueError, "load: the zip archive has several folders");
      folder_ = name.substr(0, slash + 1);
    }
    WG_CHECK(!folder_.empty(), ValueError,
             "load: the zip archive was not written by torch.save: it has no folder with data.pkl");
    WG_CHECK(
        !has("constants.pkl"), ValueError,
        "load: the file is a TorchScript archive, which holds code; where PyTorch is, save the "
        "state_dict() of the module");
    WG_CHECK(!has("byteorder") || zip_.read(folder_ + "byteorder") == "little", ValueError,
             "load: the file's numbers are not little-endian");
  }

  Value load() {
    const std::string data = zip_.read(folder_ + "data.pkl");
    PickleReader reader(
        data, [&](const std::string& name, const PickleItem& a) { return call(reader, name, a); },
        [&](const PickleItem& id) { return storage(id); });
    return reader.load();
  }

 private:
  bool has(const char* name) const { return zip_.entries().count(folder_ + name) != 0; }

  PickleItem storage(const PickleItem& id) {
    const auto text = [&](size_t i) {
      const PickleItem& item = *id.items[i];
      if (item.kind != Kind::plain) damaged_pickle("the id of a storage is not valid");
      return item.plain.text();
    };
    if (id.kind != Kind::tuple || id.items.size() < 5 || text(0) != "storage" ||
        id.items[1]->kind != Kind::name) {
      damaged_pickle("a persistent id is not that of a storage");
    }
    const std::string key = text(2), kind = id.items[1]->name;
    const int64_t numel = whole(*id.items[4]);
    const DTypeName* known = nullptr;
    for (const DTypeName& s : kStorages) {
      if (kind == std::string("torch.") + s.name + "Storage" ||
          kind == std::string("torch.cuda.") + s.name + "Storage") {
        known = &s;
      }
    }
    WG_CHECK(known, ValueError, "load: storages of class ", kind.substr(0, 100),
             " are not supported");
    auto made = storages_.find(key);
    if (made == storages_.end()) {
      const auto entry = zip_.entries().find(folder_ + "data/" + key);
      const auto item = static_cast<int64_t>(item_size(known->dtype));
      // Nothing is asked for that the file does not hold.
      if (entry == zip_.entries().end() ||
          entry->second.size / static_cast<uint64_t>(item) != static_cast<uint64_t>(numel)) {
        damaged_pickle("a storage is missing or of another size");
      }
      Tensor flat = empty({numel}, known->dtype);
      zip_.read(entry->first, flat.data(), static_cast<uint64_t>(numel * item));
      if (known->dtype == DType::bool_) {
        auto* b = flat.data<uint8_t>();
        for (int64_t i = 0; i < numel; ++i) b[i] = b[i] != 0;
      }
      made = storages_.emplace(key, flat).first;
    }
    if (made->second.dtype() != known->dtype || made->second.numel() != numel) {
      damaged_pickle("a storage is described in two ways");
    }
    return {.kind = Kind::storage, .plain = made->second};
  }

  static Tensor rebuilt(const PickleItem& a) {
    if (a.items.size() < 5 || a.items[0]->kind != Kind::storage) {
      damaged_pickle("a tensor has no storage");
    }
    const Tensor& flat = a.items[0]->plain.tensor();
    const int64_t offset = whole(*a.items[1]);
    const std::vector<int64_t> shape = sizes(*a.items[2]), strides = sizes(*a.items[3]);
    if (shape.size() != strides.size()) damaged_pickle("a tensor's shape and strides differ");
    int64_t last = offset, count = 1;
    bool overflow = false, empty_one = false;
    for (size_t d = 0; d < shape.size(); ++d) {
      int64_t way = 0;
      overflow |= __builtin_mul_overflow(count, std::max<int64_t>(1, shape[d]), &count);
      if (shape[d] == 0) {
        empty_one = true;
        continue;
      }
      overflow |= __builtin_mul_overflow(shape[d] - 1, strides[d], &way) ||
                  __builtin_add_overflow(last, way, &last);
    }
    if (overflow || (!empty_one && last >= flat.numel())) {
      damaged_pickle("a tensor lies beyond its storage");
    }
    Tensor t =
        empty_one ? empty(shape, flat.dtype()) : as_strided(flat, shape, strides, offset).detach();
    if (is_true(*a.items[4])) require(t);
    return t;
  }
  static void require(Tensor& t) {
    if (!is_differentiable(t.dtype())) damaged_pickle("a tensor of its dtype cannot require grad");
    t.requires_grad_();
  }

  static PickleItem call(PickleReader& reader, const std::string& name, const PickleItem& a) {
    if (name == "torch._utils._rebuild_tensor_v2" || name == "torch._utils._rebuild_tensor") {
      // Marks of conjugates and negatives, which stand for other elements.
      WG_CHECK(a.items.size() < 7 || a.items[6]->items.empty(), ValueError,
               "load: the file has a tensor that is a conjugate or negative view; save clone()");
      return plain(rebuilt(a));
    }
    if (name == "torch._utils._rebuild_parameter") {
      if (a.items.size() < 2 || a.items[0]->kind != Kind::plain) {
        damaged_pickle("a parameter has no tensor");
      }
      Tensor t = a.items[0]->plain.tensor();
      if (is_true(*a.items[1])) require(t);
      return plain(t);
    }
    if (name == "collections.OrderedDict" || name == "collections.Counter") {
      PickleItem made{.kind = Kind::dict};
      if (a.items.empty()) return made;
      const PickleItem& given = *a.items[0];
      reader.spend(2 * given.items.size());
      if (given.kind == Kind::dict) return given;
      for (const PicklePtr pair : given.items) {
        if (pair->items.size() != 2 || pair->kind == Kind::dict) {
          damaged_pickle("a dict is made of something else than pairs");
        }
        made.items.insert(made.items.end(), pair->items.begin(), pair->items.end());
      }
      return made;
    }
    if (name == "torch.Size") {
      if (a.items.size() != 1) damaged_pickle("a size is not made of numbers");
      reader.spend(a.items[0]->items.size());
      return {.kind = Kind::tuple, .items = a.items[0]->items};
    }
    if (name == "torch.device") {
      return a.items.empty() ? plain("cpu") : plain(reader.value_of(*a.items[0]));
    }
    reader.value_of({.kind = Kind::name, .name = name});  // throws
    return {};
  }

  ZipReader zip_;
  std::string folder_;
  std::map<std::string, Tensor> storages_;
};

}  // namespace

Value load_torch(const std::string& path) {
  RecordingGuard off(false);
  return TorchFile(path).load();
}

}  // namespace io
WENGERT_NAMESPACE_END
