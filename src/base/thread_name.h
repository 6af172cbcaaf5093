// What `top -H`, `perf` and a debugger call the calling thread: at most 15 characters.
#pragma once

#include <pthread.h>

namespace seckill {

inline void name_thread(const char* name) { (void)::pthread_setname_np(::pthread_self(), name); }

}  // namespace seckill
