#include "capi/map.h"

#include <iterator>

#include "capi/call.h"

namespace wg = wengert;
using wg::capi::Call;
using wg::capi::guard;

namespace {
template <class Map>
auto& at(const Call& c, Map& map, const char* name) {
  c.pointer(name, "name");
  const auto found = map.find(name);
  WG_CHECK(found != map.end(), wg::ValueError, c.function, ": there is no '", name, "' among the ",
           map.size(), " entries");
  return found->second;
}
}  // namespace

wg_status wg_map_create(wg_map** out) {
  return guard(__func__, [&](const Call& c) {
    c.pointer(out, "output");
    *out = new wg_map;
  });
}
wg_status wg_map_release(wg_map* map) {
  delete map;
  return WG_OK;
}
wg_status wg_map_size(wg_map* map, int64_t* size) {
  return guard(__func__, [&](const Call& c) {
    c.give(size, static_cast<int64_t>(c.pointer(map, "map").file.tensors.size()));
  });
}
wg_status wg_map_set(wg_map* map, const char* name, wg_tensor* t) {
  return guard(__func__, [&](const Call& c) {
    c.pointer(map, "map").file.tensors.insert_or_assign(&c.pointer(name, "name"), c(t));
  });
}
wg_status wg_map_get(wg_map* map, const char* name, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) {
    c.give(out, at(c, c.pointer(map, "map").file.tensors, name));
  });
}
wg_status wg_map_name(wg_map* map, int64_t number, const char** name) {
  return guard(__func__, [&](const Call& c) {
    const wg::TensorMap& tensors = c.pointer(map, "map").file.tensors;
    const auto size = static_cast<int64_t>(tensors.size());
    WG_CHECK(number >= 0 && number < size, wg::IndexError, c.function, ": there are ", size,
             " tensors, but no number ", number);
    c.give(name, std::next(tensors.begin(), number)->first.c_str());
  });
}
wg_status wg_map_set_text(wg_map* map, const char* name, const char* text) {
  return guard(__func__, [&](const Call& c) {
    c.pointer(map, "map")
        .file.metadata.insert_or_assign(&c.pointer(name, "name"), &c.pointer(text, "text"));
  });
}
wg_status wg_map_text(wg_map* map, const char* name, const char** text) {
  return guard(__func__, [&](const Call& c) {
    const std::string& found = at(c, c.pointer(map, "map").file.metadata, name);
    c.give(text, found.c_str());
  });
}
wg_status wg_map_save(wg_map* map, const char* path) {
  return guard(__func__, [&](const Call& c) {
    const wg::io::TensorFile& file = c.pointer(map, "map").file;
    wg::io::save(&c.pointer(path, "path"), file.tensors, file.metadata);
  });
}
wg_status wg_map_load(const char* path, wg_map** out) {
  return guard(__func__, [&](const Call& c) {
    c.pointer(out, "output");
    *out = new wg_map{wg::io::load(&c.pointer(path, "path"))};
  });
}
