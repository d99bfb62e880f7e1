# SPDX-License-Identifier: MIT
#
# What a component is: some headers, the packages they need, one target, and
# one file of the installed package that finds those packages again.
include_guard()
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(hydrant_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/hydrant)
set(hydrant_cmake_dir ${CMAKE_CURRENT_LIST_DIR})

# hydrant_component(<name> [HEADERS <path below include/hydrant>...] [FIND <package>...]
#                   [LINK <target>...] [REQUIRED] [LINK_WHERE_MADE])
#
# Makes hydrant_<name>, alias hydrant::<name>. FIND names the packages that LINK
# takes its targets from; without one of them there is no target, unless the
# component is REQUIRED. Every component links hydrant::core. None of the HEADERS
# in the tree: no component. LINK_WHERE_MADE drops components that were not made.
function(hydrant_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "REQUIRED;LINK_WHERE_MADE" "" "HEADERS;FIND;LINK")
  set_property(GLOBAL APPEND PROPERTY hydrant_claimed_headers ${arg_HEADERS})

  list(TRANSFORM arg_HEADERS PREPEND ${PROJECT_SOURCE_DIR}/include/hydrant/ OUTPUT_VARIABLE headers)
  set(missing "")
  foreach(header IN LISTS headers)
    if(NOT EXISTS ${header})
      list(APPEND missing ${header})
    endif()
  endforeach()
  if(missing AND missing STREQUAL headers)
    return()
  elseif(missing)
    message(FATAL_ERROR "hydrant: component ${name} names headers that do not exist: ${missing}")
  endif()

  set(how QUIET)
  if(arg_REQUIRED)
    set(how REQUIRED)
  endif()
  list(PREPEND CMAKE_MODULE_PATH ${hydrant_cmake_dir})
  foreach(package IN LISTS arg_FIND)
    find_package(${package} ${how} GLOBAL)  # a parent project links them too
    if(NOT ${package}_FOUND)
      message(STATUS "hydrant: no component ${name}: ${package} was not found")
      return()
    endif()
  endforeach()

  if(arg_LINK_WHERE_MADE)
    foreach(target IN LISTS arg_LINK)
      if(NOT TARGET ${target})
        list(REMOVE_ITEM arg_LINK ${target})
      endif()
    endforeach()
  endif()
  if(NOT name STREQUAL "core")
    list(PREPEND arg_LINK hydrant::core)
    list(REMOVE_DUPLICATES arg_LINK)
  endif()

  add_library(hydrant_${name} INTERFACE)
  add_library(hydrant::${name} ALIAS hydrant_${name})
  target_compile_features(hydrant_${name} INTERFACE cxx_std_20)
  target_link_libraries(hydrant_${name} INTERFACE ${arg_LINK})
  target_sources(hydrant_${name} INTERFACE
    FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${headers})
  # Every header compiles alone: target all_verify_interface_header_sets.
  set_target_properties(hydrant_${name} PROPERTIES
    EXPORT_NAME ${name}
    VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL})
  set_property(GLOBAL APPEND PROPERTY hydrant_made_headers ${headers})

  if(HYDRANT_INSTALL)
    hydrant_install_component(${name} "${arg_FIND}" "${arg_LINK}")
  endif()
endfunction()

# The headers in the tree that no component has claimed so far.
function(hydrant_unclaimed_headers result)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS
    RELATIVE ${PROJECT_SOURCE_DIR}/include/hydrant ${PROJECT_SOURCE_DIR}/include/hydrant/*.hpp)
  get_property(claimed GLOBAL PROPERTY hydrant_claimed_headers)
  list(REMOVE_ITEM headers ${claimed})
  set(${result} ${headers} PARENT_SCOPE)
endfunction()

function(hydrant_install_component name packages links)
  set(needs ${links})
  list(FILTER needs INCLUDE REGEX "^hydrant::")
  list(TRANSFORM needs REPLACE "^hydrant::" "")

  file(CONFIGURE @ONLY OUTPUT ${PROJECT_BINARY_DIR}/package/hydrant-component-${name}.cmake CONTENT [[
# Included by hydrant-config.cmake for component @name@.
if(TARGET hydrant::@name@)
  return()
endif()
foreach(hydrant_needed IN ITEMS @needs@)
  include(${CMAKE_CURRENT_LIST_DIR}/hydrant-component-${hydrant_needed}.cmake)
  if(NOT TARGET hydrant::${hydrant_needed})
    return()
  endif()
endforeach()
foreach(hydrant_package IN ITEMS @packages@)
  find_package(${hydrant_package} QUIET)
  if(NOT ${hydrant_package}_FOUND)
    set(hydrant_NOT_FOUND_MESSAGE "component @name@ needs ${hydrant_package}")
    return()
  endif()
endforeach()
include(${CMAKE_CURRENT_LIST_DIR}/hydrant-targets-@name@.cmake)
]])
  install(TARGETS hydrant_${name} EXPORT hydrant_${name} FILE_SET HEADERS)
  install(EXPORT hydrant_${name} NAMESPACE hydrant:: DESTINATION ${hydrant_package_dir}
    FILE hydrant-targets-${name}.cmake)
  install(FILES ${PROJECT_BINARY_DIR}/package/hydrant-component-${name}.cmake
    DESTINATION ${hydrant_package_dir})
endfunction()

# find_package(hydrant [COMPONENTS ...]); without COMPONENTS it is hydrant::hydrant.
function(hydrant_install_package)
  file(CONFIGURE @ONLY OUTPUT ${PROJECT_BINARY_DIR}/package/hydrant-config.cmake CONTENT [[
set(hydrant_requested ${hydrant_FIND_COMPONENTS})
if(NOT hydrant_requested)
  set(hydrant_requested hydrant)
  set(hydrant_FIND_REQUIRED_hydrant TRUE)
endif()
list(PREPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})
foreach(hydrant_component IN LISTS hydrant_requested)
  if(EXISTS ${CMAKE_CURRENT_LIST_DIR}/hydrant-component-${hydrant_component}.cmake)
    include(${CMAKE_CURRENT_LIST_DIR}/hydrant-component-${hydrant_component}.cmake)
  else()
    set(hydrant_NOT_FOUND_MESSAGE "component ${hydrant_component} is not installed")
  endif()
  if(TARGET hydrant::${hydrant_component})
    set(hydrant_${hydrant_component}_FOUND TRUE)
  elseif(hydrant_FIND_REQUIRED_${hydrant_component})
    set(hydrant_FOUND FALSE)
    break()
  endif()
endforeach()
list(POP_FRONT CMAKE_MODULE_PATH)
]])
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/hydrant-config-version.cmake
    COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
  install(FILES
      ${PROJECT_BINARY_DIR}/package/hydrant-config.cmake
      ${PROJECT_BINARY_DIR}/package/hydrant-config-version.cmake
      ${hydrant_cmake_dir}/FindJq.cmake
      ${hydrant_cmake_dir}/FindZstd.cmake
    DESTINATION ${hydrant_package_dir})
endfunction()
