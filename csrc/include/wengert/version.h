// The version number; CMake and the Python package read it from here.
#pragma once

#define WENGERT_VERSION_MAJOR 0
#define WENGERT_VERSION_MINOR 1
#define WENGERT_VERSION_PATCH 0
#define WENGERT_VERSION "0.1.0"
