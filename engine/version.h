/* version: of the whole product, given by the build. */
#ifndef ENGINE_VERSION_H
#define ENGINE_VERSION_H

#ifndef ENGINE_VERSION
#error "ENGINE_VERSION comes from engine/meson.build"
#endif

#endif
