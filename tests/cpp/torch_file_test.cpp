// PyTorch's files: what hostile and damaged ones may do. What they hold is compared with what
// Python reads in tests/cpp_training.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "wengert/wengert.h"

namespace wg = wengert;
namespace fs = std::filesystem;

namespace {

using namespace std::string_literals;

void add(std::string& to, uint64_t v, int bytes) {
  for (int i = 0; i < bytes; ++i) to += static_cast<char>(v >> (8 * i));
}

// An archive of these entries, without sums.
std::string zip(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string all, directory;
  for (const auto& [name, data] : entries) {
    const uint64_t at = all.size();
    std::string common;
    add(common, 0, 4);  // flags and method
    add(common, 0, 8);  // time, date, sum
    add(common, data.size(), 4);
    add(common, data.size(), 4);
    add(common, name.size(), 2);
    add(common, 0, 2);
    all += "PK\3\4\x14\0"s + common + name + data;
    directory += "PK\1\2\x14\0\x14\0"s + common;
    add(directory, 0, 8);
    add(directory, 0, 2);
    add(directory, at, 4);
    directory += name;
  }
  std::string end = "PK\5\6\0\0\0\0"s;
  add(end, entries.size(), 2);
  add(end, entries.size(), 2);
  add(end, directory.size(), 4);
  add(end, all.size(), 4);
  add(end, 0, 2);
  return all + directory + end;
}

std::string text(const std::string& s) {
  std::string all = "X";
  add(all, s.size(), 4);
  return all + s;
}
std::string storage(const std::string& numel, const std::string& kind = "FloatStorage") {
  return "(" + text("storage") + "ctorch\n" + kind + "\n" + text("0") + text("cpu") + numel + "tQ";
}
std::string tensor(const std::string& store, const std::string& view) {
  return "ctorch._utils\n_rebuild_tensor_v2\n(" + store + view + "\x89" +
         "ccollections\nOrderedDict\n)RtR";
}
const std::string kView = "K\0K\3\x85K\1\x85"s;  // offset 0, shape (3,), strides (1,)
const std::string kGood = "}" + text("w") + tensor(storage("K\3"), kView) + "s";

class TorchFiles : public ::testing::Test {
 protected:
  TorchFiles() {
    char name[] = "/tmp/wengert-torch-XXXXXX";
    folder_ = mkdtemp(name);
    path_ = folder_ / "t.pt";
  }
  ~TorchFiles() override { fs::remove_all(folder_); }

  wg::io::Value raw(const std::string& all) const {
    std::ofstream(path_, std::ios::binary) << all;
    return wg::io::load_torch(path_);
  }
  static std::string archive(const std::string& pickle) {
    return zip({{"t/data.pkl", "\x80\2" + pickle + "."}, {"t/data/0", std::string(12, '\0')}});
  }
  wg::io::Value load(const std::string& pickle) const { return raw(archive(pickle)); }

  fs::path folder_;
  std::string path_;
};

TEST_F(TorchFiles, TensorsAndPlainValues) {
  EXPECT_EQ(load(kGood)["w"].tensor().shape(), wg::Dims({3}));
  EXPECT_EQ(load("(K\1J\xFF\xFF\xFF\xFF\x8a\1\x80G\x3F\xE0\0\0\0\0\0\0\x88Nt"s)[2].to_int(), -128);
  EXPECT_EQ(load("]q\0(K\5K\6e"s)[1].to_int(), 6);
  EXPECT_EQ(load("ctorch\nSize\n(K\2K\3t\x85R")[1].to_int(), 3);
  const wg::Tensor empty = load(tensor(storage("K\3"), "K\0K\0K\7\x86K\7K\1\x86"s)).tensor();
  EXPECT_EQ(empty.shape(), wg::Dims({0, 7}));
}

TEST_F(TorchFiles, NothingIsCalled) {
  for (const char* name : {"cos\nsystem\n", "cbuiltins\neval\n", "ctorch\nload\n",
                           "cnumpy.core.multiarray\n_reconstruct\n"}) {
    EXPECT_THROW(load(name), wg::ValueError);
    EXPECT_THROW(load(name + "("s + text("echo") + "tR"), wg::ValueError);
  }
  EXPECT_THROW(load("(" + text("echo") + "ios\nsystem\n"), wg::ValueError);
  EXPECT_THROW(load(")cos\nsystem\nb"), wg::ValueError);
}

TEST_F(TorchFiles, DamagedPickles) {
  const std::string bad[] = {
      "", "K", "K\1K\2", "0", "t", "e", "s", "a", "]K\1s", "}K\1a", "(K\1u", "}(K\1u", "}]K\1s",
      "h\0"s, "q\0"s, "(q\0"s, "R", "K\1)R", "K\1Q", ")Q", "N)R", "X\xFF\xFF\xFF\x7F", "\x8a\x09",
      text("\xFF"), "]Nb", "\x93", "N" + text("a") + "\x93", "ctorch\n", "}N" + text("a") + "s",
      // Tensors that lie beyond their storage, or are none.
      tensor(storage("K\4"), kView), tensor(storage("K\2"), kView),
      tensor(storage("K\3", "HalfStorage"), kView), tensor(storage("K\3", "XStorage"), kView),
      tensor(storage("K\3"), "K\1K\3\x85K\1\x85"), tensor(storage("K\3"), "K\0K\3\x85K\2\x85"s),
      tensor(storage("K\3"), "K\0K\3\x85)"s), tensor(storage("K\3"), "NK\3\x85K\1\x85"),
      tensor(storage("K\3"), "K\0J\xFF\xFF\xFF\xFF\x85K\1\x85"s),
      tensor(storage("K\3"), "K\0\x8a\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x0F\x85K\1\x85"s),
      tensor(storage("J\xFF\xFF\xFF\xFF"), kView), tensor("N", kView), storage("K\3"),
      "]" + storage("K\3") + "a",
      // What makes more of itself: lists in themselves, and doubled again and again.
      "]q\0h\0a"s, "}q\0K\1h\0s"s};
  for (const std::string& pickle : bad) {
    EXPECT_THROW(load(pickle), wg::ValueError) << &pickle - bad;
  }
  std::string doubled = "]q\0"s;
  for (int i = 1; i < 60; ++i) {
    doubled += "](h"s + static_cast<char>(i - 1) + "h" + static_cast<char>(i - 1) + "eq" +
               static_cast<char>(i);
  }
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "](";
  EXPECT_THROW(load("(" + doubled + "l"), wg::ValueError);
  EXPECT_THROW(load(deep), wg::ValueError);
}

TEST_F(TorchFiles, DamagedArchives) {
  const std::string pickle = "\x80\2K\1."s;
  EXPECT_EQ(raw(zip({{"a/data.pkl", pickle}})).to_int(), 1);
  EXPECT_THROW(raw(""), wg::ValueError);
  EXPECT_THROW(raw("PK\3\4"), wg::ValueError);
  EXPECT_THROW(raw(zip({})), wg::ValueError);
  EXPECT_THROW(raw(zip({{"data.pkl", pickle}})), wg::ValueError);
  EXPECT_THROW(raw(zip({{"a/data.pkl", pickle}, {"b/data.pkl", pickle}})), wg::ValueError);
  EXPECT_THROW(raw(zip({{"a/data.pkl", pickle}, {"a/data.pkl", pickle}})), wg::ValueError);
  EXPECT_THROW(raw(zip({{"a/data.pkl", pickle}, {"a/constants.pkl", ""}})), wg::ValueError);
  EXPECT_THROW(raw(zip({{"a/data.pkl", pickle}, {"a/byteorder", "big"}})), wg::ValueError);
  EXPECT_THROW(wg::io::load_torch(folder_ / "none"), wg::IoError);
}

// Whatever happens to the bytes of a file, it is loaded or refused.
TEST_F(TorchFiles, AnyBytes) {
  const std::string good = archive(kGood);
  std::mt19937 random(2);
  int refused = 0;
  const int tries = 1000;
  for (int i = 0; i < tries; ++i) {
    std::string bad = good;
    if (i % 10 == 0) {
      bad.resize(random() % good.size());
    } else {
      for (int k = 0; k <= i % 4; ++k) bad[random() % bad.size()] = static_cast<char>(random());
    }
    try {
      raw(bad);
    } catch (const wg::ValueError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, tries / 4);
  EXPECT_LT(refused, tries);
}

}  // namespace
