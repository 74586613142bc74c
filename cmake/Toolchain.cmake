# SPDX-License-Identifier: Apache-2.0
# Compiler settings and third-party packages, for every room.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

find_program(CCACHE ccache)
if(CCACHE)
    # The sloppiness is what ccache needs in order to cache sources that use precompiled headers.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

find_package(fmt REQUIRED)
find_package(Zydis REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(Threads REQUIRED)
find_path(SYSTEMC_INCLUDE systemc REQUIRED)
find_library(SYSTEMC_LIBRARY systemc REQUIRED)
find_path(PCAP_INCLUDE pcap/pcap.h REQUIRED)
find_library(PCAP_LIBRARY pcap REQUIRED)

# What a device out of tree needs in order to compile: headers and settings, no library of ours, since
# the program that loads it has them.
add_library(southbridge_sdk INTERFACE)
set_target_properties(southbridge_sdk PROPERTIES EXPORT_NAME sdk)
target_include_directories(southbridge_sdk INTERFACE
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}> $<INSTALL_INTERFACE:include/southbridge>)
# Debian builds SystemC as C++17, and its headers check that their user does the same.
target_compile_definitions(southbridge_sdk INTERFACE SC_CPLUSPLUS=201703L SC_INCLUDE_DYNAMIC_PROCESSES)
target_compile_features(southbridge_sdk INTERFACE cxx_std_20)

add_library(southbridge_options INTERFACE)
target_link_libraries(southbridge_options INTERFACE southbridge_sdk)
# SystemC's library refers to sc_main, which sim/kernel has: it must be taken from that archive.
target_link_options(southbridge_options INTERFACE -Wl,-u,sc_main)
target_link_libraries(southbridge_options INTERFACE systemc fmt::fmt)

add_library(southbridge_warnings INTERFACE)
target_compile_options(southbridge_warnings INTERFACE -Wall -Wextra -Wshadow=local -Wno-unused-parameter)
# Each SystemC header is a system header: its warnings are not ours.
target_include_directories(southbridge_warnings SYSTEM INTERFACE ${SYSTEMC_INCLUDE})

if(SOUTHBRIDGE_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
endif()
