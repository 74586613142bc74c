// SPDX-License-Identifier: Apache-2.0
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

#include "tests/support/isolated.h"

namespace {

/// Notes what fails, so that a row in a process of its own can tell.
struct FailedChecks : Catch::TestEventListenerBase {
    using TestEventListenerBase::TestEventListenerBase;
    bool assertionEnded(const Catch::AssertionStats& stats) override {
        const Catch::AssertionResult& result = stats.assertionResult;
        if (result.isOk()) return false;
        std::string& words = sb::test::failed_checks();
        words += std::string(result.getSourceInfo().file) + ":" +
                 std::to_string(result.getSourceInfo().line) + ": " +
                 result.getExpressionInMacro() + " with " + result.getExpandedExpression();
        for (const Catch::MessageInfo& info : stats.infoMessages) words += "; " + info.message;
        words += "\n";
        return false;
    }
};

}  // namespace
CATCH_REGISTER_LISTENER(FailedChecks)
