// A module for clang-tidy 19: its checks look at our own code only. Without it they walk through
// all that Boost, fmt and the standard library declare, only to keep quiet about it: four fifths of
// the time. Later versions do this by themselves.
#include <vector>

#include "clang-tidy/ClangTidyCheck.h"
#include "clang-tidy/ClangTidyModule.h"
#include "clang-tidy/ClangTidyModuleRegistry.h"
#include "clang/AST/ASTContext.h"
#include "clang/ASTMatchers/ASTMatchFinder.h"

namespace {

using namespace clang;

// It is asked about the translation unit before anybody walks into it, and says which of its
// children are worth a walk.
class OwnCode : public tidy::ClangTidyCheck {
 public:
  using ClangTidyCheck::ClangTidyCheck;

  void registerMatchers(ast_matchers::MatchFinder* finder) override {
    finder->addMatcher(ast_matchers::translationUnitDecl().bind("all"), this);
  }

  void check(const ast_matchers::MatchFinder::MatchResult& result) override {
    std::vector<Decl*> own;
    for (Decl* decl : result.Context->getTranslationUnitDecl()->decls()) {
      if (!result.SourceManager->isInSystemHeader(decl->getLocation())) own.push_back(decl);
    }
    result.Context->setTraversalScope(own);
  }
};

class Module : public tidy::ClangTidyModule {
 public:
  void addCheckFactories(tidy::ClangTidyCheckFactories& checks) override {
    checks.registerCheck<OwnCode>("seckill-own-code");
  }
};

const tidy::ClangTidyModuleRegistry::Add<Module> kModule("seckill", "looks at our own code only");

}  // namespace
