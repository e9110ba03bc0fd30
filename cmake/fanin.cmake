# Target helpers: every library, program, test and fuzz target of the project is made by one of these, so that flags live in one place.

add_library(fanin_flags INTERFACE)
target_compile_features(fanin_flags INTERFACE cxx_std_20)
target_include_directories(fanin_flags INTERFACE ${PROJECT_SOURCE_DIR})
# Designated initialisers that leave members at their defaults are meant so.
target_compile_options(fanin_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wno-missing-field-initializers
                       -fno-omit-frame-pointer)
target_compile_definitions(fanin_flags INTERFACE FANIN_VERSION="${PROJECT_VERSION}")
if(FANIN_STRICT)
  target_compile_options(fanin_flags INTERFACE -Werror)
endif()
if(FANIN_SANITIZE)
  target_compile_options(fanin_flags INTERFACE -fsanitize=${FANIN_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(fanin_flags INTERFACE -fsanitize=${FANIN_SANITIZE})
  if(FANIN_SANITIZE MATCHES "address")
    target_compile_definitions(fanin_flags INTERFACE FANIN_ASAN)
  elseif(FANIN_SANITIZE MATCHES "thread")
    target_compile_definitions(fanin_flags INTERFACE FANIN_TSAN)
  endif()
  # The vptr check opens a pipe to see whether memory can be read: in a server that has run out of descriptors, which the
  # tests bring about, it takes every object for a broken one.
  target_compile_options(fanin_flags INTERFACE -fno-sanitize=vptr)
endif()

# Where FANIN_PRECOMPILED is set, these headers are parsed once and not in every file. Only small ones: clang reads the
# precompiled nlohmann/json and CLI11 more slowly than it parses them where they are needed. The preset dev does without,
# so that a forgotten #include is found. GCC, which takes over where there is no clang, does without as well: it refuses
# precompiled headers to targets whose macros differ, such as those without fmt.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(FANIN_PRECOMPILED OFF)
endif()
if(FANIN_PRECOMPILED)
  add_library(fanin_precompiled OBJECT ${PROJECT_SOURCE_DIR}/cmake/precompiled.cc)
  target_link_libraries(fanin_precompiled PRIVATE fanin_flags fmt::fmt)
  target_precompile_headers(fanin_precompiled PRIVATE <algorithm> <array> <atomic> <cerrno> <charconv> <chrono> <cmath>
                            <cstdint> <cstring> <functional> <memory> <mutex> <optional> <span> <stdexcept> <string>
                            <string_view> <system_error> <thread> <utility> <vector> <fmt/format.h>)
  # The times of the files in it would keep ccache from knowing it again.
  target_compile_options(fanin_precompiled PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
endif()

function(fanin_precompiled_headers name)
  if(FANIN_PRECOMPILED)
    target_precompile_headers(${name} REUSE_FROM fanin_precompiled)
  endif()
endfunction()

function(fanin_library name)
  add_library(${name} STATIC ${ARGN})
  target_link_libraries(${name} PUBLIC fanin_flags)
  fanin_precompiled_headers(${name})
endfunction()

function(fanin_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE fanin_flags)
  fanin_precompiled_headers(${name})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
endfunction()

# A library that another program loads. It takes sources, since the objects of static libraries are not position-independent.
function(fanin_plugin name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE fanin_flags)
  set_target_properties(${name} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR} CXX_VISIBILITY_PRESET hidden
                        VISIBILITY_INLINES_HIDDEN ON)
endfunction()

# fanin_test(NAME SOURCES... LIBRARIES LIB...): a GoogleTest program whose cases become ctest cases, labelled NAME. With a
# sanitizer, whose runtime takes longer to begin than most cases take, they become a few processes instead.
function(fanin_test name)
  if(NOT FANIN_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE fanin_flags ${arg_LIBRARIES} GTest::gtest_main)
  fanin_precompiled_headers(${name})
  # What they test is compiled as ever; of themselves only the time that people wait for the compiler counts.
  target_compile_options(${name} PRIVATE -O0)
  # Seconds for each file, for findings that hardly matter in a test; compiling them with clang remains.
  set_target_properties(${name} PROPERTIES CXX_CLANG_TIDY "")
  if(NOT FANIN_SANITIZE)
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES LABELS ${name} TIMEOUT 120)
    return()
  endif()
  set(shards 4)
  foreach(shard RANGE 1 ${shards})
    math(EXPR index "${shard} - 1")
    add_test(NAME ${name}.${shard} COMMAND ${name} --gtest_brief=1)
    set_tests_properties(${name}.${shard} PROPERTIES LABELS ${name} COST 30 TIMEOUT 120
      ENVIRONMENT "GTEST_TOTAL_SHARDS=${shards};GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()

# fanin_fuzz_target(NAME SOURCES... LIBRARIES LIB... SEEDS DIR): a libFuzzer program, built as part of the target
# `fuzz_targets`, and the directory of its seeds next to it, NAME.seeds.
if(FANIN_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "FANIN_FUZZ needs clang, this is ${CMAKE_CXX_COMPILER_ID}: use the preset fuzz")
  endif()
  add_custom_target(fuzz_targets)
endif()
function(fanin_fuzz_target name)
  cmake_parse_arguments(arg "" "SEEDS" "LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE fanin_flags ${arg_LIBRARIES})
  fanin_precompiled_headers(${name})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
  file(CREATE_LINK ${arg_SEEDS} ${PROJECT_BINARY_DIR}/fuzz/${name}.seeds SYMBOLIC)
  add_dependencies(fuzz_targets ${name})
endfunction()
