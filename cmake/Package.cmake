# SPDX-License-Identifier: Apache-2.0
# Installation: the program, its guests, boards and scenarios, the headers that an out-of-tree device
# needs, and the CMake package by which it finds them.
include(CMakePackageConfigHelpers)

install(TARGETS southbridge_sdk EXPORT southbridge-targets)
foreach(room IN ITEMS sim/kernel sim/observe bus)
    install(DIRECTORY ${room}/ DESTINATION include/southbridge/${room} FILES_MATCHING PATTERN "*.h")
endforeach()
install(EXPORT southbridge-targets NAMESPACE southbridge::
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/southbridge)
configure_package_config_file(cmake/southbridge-config.cmake.in southbridge-config.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/southbridge)
write_basic_package_version_file(southbridge-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/southbridge-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/southbridge-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/southbridge)
if(TARGET southbridge)
    install(TARGETS southbridge RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY scenarios/ DESTINATION ${CMAKE_INSTALL_DATADIR}/southbridge/scenarios)
