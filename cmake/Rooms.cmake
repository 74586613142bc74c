# SPDX-License-Identifier: Apache-2.0
# southbridge_room(NAME sources... DEPENDS rooms...): one static library per room of the source tree.

function(southbridge_room name)
    cmake_parse_arguments(arg "" "" "DEPENDS;LIBRARIES" ${ARGN})
    add_library(southbridge_${name} STATIC ${arg_UNPARSED_ARGUMENTS})
    target_link_libraries(southbridge_${name} PUBLIC southbridge_options PRIVATE southbridge_warnings)
    foreach(room IN LISTS arg_DEPENDS)
        target_link_libraries(southbridge_${name} PUBLIC southbridge_${room})
    endforeach()
    target_link_libraries(southbridge_${name} PUBLIC ${arg_LIBRARIES})
    if(NOT name STREQUAL kernel)
        target_precompile_headers(southbridge_${name} REUSE_FROM southbridge_kernel)
    endif()
endfunction()
