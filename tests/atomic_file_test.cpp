// Outputs appear whole or not at all; inputs that are no files are refused; an interrupt leaves nothing.

#include <sys/stat.h>

#include <csignal>

#include "io/atomic_file.h"

#include <gtest/gtest.h>

#include "io/interrupt.h"
#include "temp_folder.h"

namespace poise {
namespace {

using test::content;
using test::TempFolder;
using test::throws;

void put(AtomicFile& file, const std::string& text) { file.write(std::as_bytes(std::span(text))); }

TEST(AtomicFileTest, AppearsOnlyWhenCommitted) {
  const TempFolder folder;
  {
    AtomicFile file(folder / "out", false);
    put(file, "half");
    EXPECT_FALSE(std::filesystem::exists(folder / "out"));
  }
  EXPECT_TRUE(folder.names().empty());
  AtomicFile file(folder / "out", false);
  put(file, "who");
  put(file, "le");
  file.finish();
  EXPECT_FALSE(std::filesystem::exists(folder / "out"));
  file.commit();
  EXPECT_EQ(content(folder / "out"), "whole");
  EXPECT_EQ(folder.names(), std::set<std::string>{"out"});
}

TEST(AtomicFileTest, AnExistingFileIsKeptUnlessForced) {
  const TempFolder folder;
  const std::string path = folder.write("out", "old");
  EXPECT_TRUE(throws(Code::refused, "exists already", [&] { AtomicFile(path, false); }));
  { AtomicFile file(path, true); }
  EXPECT_EQ(content(path), "old");
  AtomicFile file(path, true);
  put(file, "new");
  EXPECT_EQ(content(path), "old");
  file.commit();
  EXPECT_EQ(content(path), "new");
}

TEST(AtomicFileTest, AFileThatAppearsMeanwhileIsKept) {
  const TempFolder folder;
  {
    AtomicFile file(folder / "out", false);
    put(file, "ours");
    folder.write("out", "theirs");
    EXPECT_TRUE(throws(Code::refused, "exists already", [&] { file.commit(); }));
  }
  EXPECT_EQ(content(folder / "out"), "theirs");
  EXPECT_EQ(folder.names(), std::set<std::string>{"out"});
}

TEST(AtomicFileTest, ALinkStaysALink) {
  const TempFolder folder;
  const std::string target = folder.write("target", "old");
  std::filesystem::create_symlink(target, folder / "link");
  AtomicFile file(folder / "link", true);
  put(file, "new");
  file.commit();
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(content(target), "new");
}

TEST(AtomicFileTest, OnlyRegularFilesAreReplaced) {
  const TempFolder folder;
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_TRUE(throws(Code::io, "a pipe or device", [&] { AtomicFile(folder / "pipe", true); }));
  EXPECT_TRUE(throws(Code::io, "a folder", [&] { AtomicFile(folder / "", true); }));
  EXPECT_TRUE(throws(Code::io, "No such file", [&] { AtomicFile(folder / "none/out", true); }));
  std::filesystem::create_symlink(folder / "none", folder / "dangling");
  EXPECT_TRUE(throws(Code::io, "follow the link", [&] { AtomicFile(folder / "dangling", true); }));
}

TEST(AtomicFileTest, ANameMayBeAsLongAsTheSystemAllows) {
  const TempFolder folder;
  const std::string name(255, 'n');
  AtomicFile file(folder / name, false);
  file.commit();
  EXPECT_EQ(folder.names(), std::set<std::string>{name});
}

TEST(AtomicFileTest, RightsFollowTheMaskOfTheUser) {
  const TempFolder folder;
  const mode_t before = umask(027);
  AtomicFile file(folder / "out", false);
  umask(before);
  file.commit();
  struct stat status {};
  ASSERT_EQ(stat((folder / "out").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640U);
}

TEST(AtomicFileTest, AFullDiskKeepsTheOldFile) {
  const TempFolder folder;
  const std::string path = folder.write("out", "old");
  EXPECT_TRUE(test::fails_on_full_disk(100, [&] {
    AtomicFile file(path, true);
    put(file, std::string(101, 'x'));
    file.commit();
  }));
  EXPECT_EQ(content(path), "old");
  EXPECT_EQ(folder.names(), std::set<std::string>{"out"});
}

TEST(AtomicFileTest, AnInterruptLeavesNothing) {
  const TempFolder folder;
  {
    AtomicFile file(folder / "out", false);
    put(file, "done");
    request_interrupt(SIGINT);
    EXPECT_THROW(file.commit(), Interrupted);
    request_interrupt(0);
  }
  EXPECT_TRUE(folder.names().empty());
}

TEST(FileStreamTest, WhatCannotBeReadIsNamed) {
  const TempFolder folder;
  const std::string file = folder.write("file", "x");
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_TRUE(throws(Code::io, "none: cannot open: No such file", [&] { open_stream(folder / "none"); }));
  EXPECT_TRUE(throws(Code::io, "cannot open: Not a directory", [&] { open_stream(file + "/x"); }));
  EXPECT_TRUE(throws(Code::io, "expected a regular file, got a folder", [&] { open_stream(folder / ""); }));
  EXPECT_TRUE(throws(Code::io, "expected a regular file, got a pipe", [&] { open_stream(folder / "pipe"); }));
}

// The superuser may read every file, so whoever runs this first becomes someone else.
TEST(FileStreamTest, AFileWithoutTheRightToReadItIsNamed) {
  const TempFolder folder;
  const std::string file = folder.write("file", "x");
  std::filesystem::permissions(file, std::filesystem::perms::none);
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && seteuid(65534) != 0) _exit(2);
    _exit(throws(Code::io, "cannot open: Permission denied", [&] { open_stream(file); }) ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(InterruptTest, ASignalIsSeenAtTheNextCheck) {
  const auto previous_interrupt = std::signal(SIGINT, SIG_DFL);
  const auto previous_term = std::signal(SIGTERM, SIG_DFL);
  install_signal_handlers();
  EXPECT_NO_THROW(check_interrupt());
  std::raise(SIGINT);
  try {
    check_interrupt();
    ADD_FAILURE() << "not interrupted";
  } catch (const Interrupted& interrupted) {
    EXPECT_EQ(interrupted.signal, SIGINT);
  }
  request_interrupt(0);
  EXPECT_NO_THROW(check_interrupt());
  std::signal(SIGINT, previous_interrupt);
  std::signal(SIGTERM, previous_term);
}

}  // namespace
}  // namespace poise
