// SPDX-License-Identifier: Apache-2.0
//
// SystemC's library wants an sc_main. Programs here have a main of their own and start the kernel
// when they need it, so this one is never called.
#include <systemc>

extern "C" int sc_main(int, char*[]) { return 1; }
