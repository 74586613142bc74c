# SPDX-License-Identifier: Apache-2.0
# Installation: the program, the headers and libraries that an out-of-tree device needs, and the CMake
# package by which it finds them.
include(CMakePackageConfigHelpers)

get_property(rooms GLOBAL PROPERTY SOUTHBRIDGE_ROOMS)
install(TARGETS southbridge_options ${rooms} EXPORT southbridge-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/southbridge)
foreach(room IN ITEMS sim/kernel sim/observe bus cpu devices sim/machine)
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
