// Files of tensors: what is written is read again, and damaged files are refused.
#include "wengert/io.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "io/json.h"
#include "wengert/wengert.h"

namespace wg = wengert;
namespace fs = std::filesystem;

namespace {

class Files : public ::testing::Test {
 protected:
  Files() {
    char name[] = "/tmp/wengert-io-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~Files() override { fs::remove_all(folder_); }

  std::string path(const char* name = "t.safetensors") const { return folder_ / name; }
  // A file with this header, with its right length in front, and `bytes` bytes of data.
  std::string file(const std::string& header, size_t bytes = 0) const {
    const uint64_t length = header.size();
    std::string all(reinterpret_cast<const char*>(&length), 8);
    all += header;
    all.append(bytes, '\1');
    return raw(all);
  }
  std::string raw(const std::string& all) const {
    std::ofstream(path(), std::ios::binary) << all;
    return path();
  }
  std::string content() const {
    std::ifstream in(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  size_t count_files() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
};

bool same_bytes(const wg::Tensor& a, const wg::Tensor& b) {
  const wg::Tensor x = a.contiguous(), y = b.contiguous();
  return x.dtype() == y.dtype() && x.shape() == y.shape() &&
         std::memcmp(x.data(), y.data(),
                     static_cast<size_t>(x.numel()) * wg::item_size(x.dtype())) == 0;
}

TEST_F(Files, EveryDtypeAndShape) {
  wg::TensorMap tensors;
  for (int i = 0; i < wg::kDTypeCount - 1; ++i) {
    const auto dtype = static_cast<wg::DType>(i);
    tensors[wg::name_of(dtype)] = wg::arange(0, 15, 1, wg::DType::int64).reshape({3, 5}).to(dtype);
  }
  tensors["scalar"] = wg::scalar(2.5);
  tensors["empty"] = wg::zeros({0, 3});
  tensors["transposed"] = wg::arange(0, 6, 1).reshape({2, 3}).t();
  tensors["a \"quoted\" \\ name\n\xC3\xA4"] = wg::ones({2});
  const wg::io::Metadata metadata = {{"format", "pt"}, {"", "\x01\xF0\x9F\x8E\x89"}};
  wg::io::save(path(), tensors, metadata);
  const wg::io::TensorFile file = wg::io::load(path());
  EXPECT_EQ(file.metadata, metadata);
  ASSERT_EQ(file.tensors.size(), tensors.size());
  for (const auto& [name, t] : tensors) {
    ASSERT_TRUE(file.tensors.count(name)) << name;
    EXPECT_TRUE(same_bytes(file.tensors.at(name), t)) << name;
    EXPECT_TRUE(file.tensors.at(name).is_contiguous()) << name;
  }
  EXPECT_EQ(count_files(), 1u);
}

TEST_F(Files, NoTensors) {
  wg::io::save(path(), {});
  EXPECT_TRUE(wg::io::load(path()).tensors.empty());
}

TEST_F(Files, ElementsAreAligned) {
  wg::io::save(path(), {{"a", wg::ones({3}, wg::DType::bool_)},
                        {"b", wg::ones({3}, wg::DType::float64)},
                        {"c", wg::ones({3}, wg::DType::float16)}});
  uint64_t length = 0;
  const std::string all = content();
  std::memcpy(&length, all.data(), 8);
  EXPECT_EQ((8 + length) % 64, 0u);
  EXPECT_NE(all.find("\"b\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[0,24]}"), all.npos);
  EXPECT_NE(all.find("\"a\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[30,33]}"),
            all.npos);
}

TEST_F(Files, WhatCannotBeSavedLeavesTheFileAsItWas) {
  wg::io::save(path(), {{"a", wg::ones({2})}});
  const std::string before = content();
  const wg::Tensor t = wg::ones({2});
  EXPECT_THROW(wg::io::save(path(), {{"a", wg::Tensor()}}), wg::ValueError);
  EXPECT_THROW(wg::io::save(path(), {{"a", t.to(wg::DType::complex128)}}), wg::ValueError);
  EXPECT_THROW(wg::io::save(path(), {{"__metadata__", t}}), wg::ValueError);
  EXPECT_THROW(wg::io::save(path(), {{"\xFF", t}}), wg::ValueError);
  EXPECT_THROW(wg::io::save(path(), {{"a", t}}, {{"k", "\xED\xA0\x80"}}), wg::ValueError);
  EXPECT_THROW(wg::io::save(std::string("a\0b", 3), {{"a", t}}), wg::ValueError);
  EXPECT_EQ(content(), before);
  EXPECT_EQ(count_files(), 1u);
}

TEST_F(Files, PlacesThatAreNoFiles) {
  const wg::TensorMap tensors = {{"a", wg::ones({2})}};
  EXPECT_THROW(wg::io::save(folder_, tensors), wg::IoError);
  EXPECT_THROW(wg::io::save(folder_ / "missing" / "t", tensors), wg::IoError);
  EXPECT_THROW(wg::io::load(folder_), wg::IoError);
  EXPECT_THROW(wg::io::load(path("missing")), wg::IoError);
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_THROW(wg::io::load(path("pipe")), wg::IoError);
  EXPECT_THROW(wg::io::save(path("pipe"), tensors), wg::IoError);
}

TEST_F(Files, LinksAndPermissionsStay) {
  const wg::TensorMap tensors = {{"a", wg::ones({2})}};
  wg::io::save(path(), tensors);
  ASSERT_EQ(chmod(path().c_str(), 0640), 0);
  fs::create_symlink(path(), path("link"));
  wg::io::save(path("link"), {{"b", wg::ones({2})}});
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(wg::io::load(path()).tensors.count("b"), 1u);
  EXPECT_EQ(fs::status(path()).permissions(), static_cast<fs::perms>(0640));
}

TEST_F(Files, DamagedFilesAreRefused) {
  const std::string good = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  ASSERT_EQ(wg::io::load(file(good, 8)).tensors.at("a").numel(), 2);
  ASSERT_EQ(wg::io::load(file(good + "  \n", 8)).tensors.size(), 1u);
  const auto entry = [](const char* dtype, const char* shape, const char* offsets) {
    return std::string(R"("a":{"dtype":)") + dtype + R"(,"shape":)" + shape +
           R"(,"data_offsets":)" + offsets + "}";
  };
  const auto refused = [&](const std::string& header, size_t bytes = 8) {
    const std::string p = file(header, bytes);
    EXPECT_THROW(wg::io::load(p), wg::ValueError) << header;
  };
  // Sizes
  refused(good, 7);
  refused(good, 9);
  refused("{" + entry("\"F32\"", "[3]", "[0,8]") + "}");
  refused("{" + entry("\"F32\"", "[2]", "[8,0]") + "}");
  refused("{" + entry("\"F32\"", "[2]", "[4,12]") + "}", 12);
  refused("{" + entry("\"F32\"", "[2]", "[0]") + "}");
  refused("{" + entry("\"F32\"", "[2]", "[0,8,8]") + "}");
  refused("{" + entry("\"F32\"", "[4611686018427387906]", "[0,8]") + "}");
  refused("{" + entry("\"F32\"", "[2147483648,2147483648,4]", "[0,0]") + "}", 0);
  refused("{" + entry("\"F32\"", "[99999999999999999999]", "[0,8]") + "}");
  refused("{" + entry("\"F32\"", "[1000000000000]", "[0,4000000000000]") + "}");
  refused("{" + entry("\"F32\"", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]", "[0,8]") + "}");
  // Overlaps and gaps
  refused("{" + entry("\"F32\"", "[2]", "[0,8]") +
          R"(,"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})");
  refused("{" + entry("\"F32\"", "[2]", "[0,8]") +
              R"(,"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
          12);
  refused("{" + entry("\"F32\"", "[2]", "[0,8]") +
              R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}})",
          16);
  // Properties
  refused("{" + entry("\"F32\"", "[2]", "[0,8]") + "," + entry("\"F32\"", "[0]", "[8,8]") + "}");
  refused("{" + entry("\"X32\"", "[2]", "[0,8]") + "}");
  refused("{" + entry("7", "[2]", "[0,8]") + "}");
  refused("{" + entry("\"F32\"", "[-2]", "[0,8]") + "}");
  refused("{" + entry("\"F32\"", "[2.0]", "[0,8]") + "}");
  refused("{" + entry("\"F32\"", "[02]", "[0,8]") + "}");
  refused("{" + entry("\"F32\"", "[true]", "[0,8]") + "}");
  refused("{" + entry("\"F32\"", "2", "[0,8]") + "}");
  refused(R"({"a":{"dtype":"F32","shape":[2]}})");
  refused(R"({"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})");
  refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}})");
  refused(R"({"a":[]})");
  // Metadata
  refused(R"({"__metadata__":{"k":1}})", 0);
  refused(R"({"__metadata__":{"k":"v","k":"w"}})", 0);
  refused(R"({"__metadata__":{},"__metadata__":{}})", 0);
  refused(R"({"__metadata__":[]})", 0);
  // JSON
  for (const char* header :
       {"", " ", "[]", "{", "}", "{}{}", "{}x", "{\"a", "{\"a\":", "{a:1}", "{,}", "null",
        "{\"\\x\":{}}", "{\"\\ud800\":{}}", "{\"\\udc00\":{}}", "{\"\\u12\":{}}", "{\"\xFF\":{}}",
        "{\"\xC0\x80\":{}}", "{\"\n\":{}}"}) {
    refused(header, 0);
  }
  refused(std::string(100000, '['), 0);
  refused(std::string("{\"a\0\":{}}", 9), 0);
}

TEST_F(Files, DamagedLengthsAreRefused) {
  for (size_t n = 0; n < 10; ++n) {
    const std::string p = raw(std::string(n, '\xFF'));
    EXPECT_THROW(wg::io::load(p), wg::ValueError) << n;
  }
  std::string all("\x00\x00\x00\x00\x00\x00\x00\x80{}", 10);
  EXPECT_THROW(wg::io::load(raw(all)), wg::ValueError);
  all[7] = 0;
  all[0] = 3;
  EXPECT_THROW(wg::io::load(raw(all)), wg::ValueError);
  all[0] = 2;
  EXPECT_TRUE(wg::io::load(raw(all)).tensors.empty());
}

// Whatever is done to one byte of a good file: an error or tensors, never anything else.
TEST_F(Files, AnyByteMayBeDamaged) {
  wg::io::save(path(), {{"a", wg::ones({2, 3})}, {"b", wg::ones({5}, wg::DType::bool_)}},
               {{"k", "v"}});
  const std::string good = content();
  size_t refused = 0;
  for (size_t i = 0; i < good.size(); ++i) {
    for (const int change : {1, 2, 4, 16, 32, 128}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ change);
      try {
        const wg::io::TensorFile file = wg::io::load(raw(bad));
        for (const auto& [name, t] : file.tensors) {
          if (t.dtype() != wg::DType::bool_) continue;
          for (int64_t k = 0; k < t.numel(); ++k) EXPECT_LE(t.data<uint8_t>()[k], 1);
        }
      } catch (const wg::ValueError&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 200u);
  for (size_t n = 0; n < good.size(); ++n) {
    const std::string p = raw(good.substr(0, n));
    EXPECT_THROW(wg::io::load(p), wg::ValueError) << n;
  }
}

TEST(Json, Texts) {
  for (const std::string text :
       {"", "a", "\"\\/\b\f\n\r\t", "\x7F\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8E\x89"}) {
    std::string json;
    wg::io::append_json(json, text);
    EXPECT_EQ(wg::io::JsonReader(json).string(), text);
  }
  EXPECT_EQ(wg::io::JsonReader(R"("\u00e4\u20AC\ud83c\udf89\b\/")").string(),
            "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8E\x89\b/");
  for (const char* bad : {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80",
                          "\xC3", "\xF8\x88\x80\x80\x80", "\xE2\x82"}) {
    EXPECT_FALSE(wg::io::is_utf8(bad));
  }
  EXPECT_TRUE(wg::io::is_utf8("\xF4\x8F\xBF\xBF\xEF\xBF\xBF"));
}

}  // namespace
