package devserver_test

import (
	"bytes"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/durablemcp/durablemcp/internal/e2e/devserver"
)

// TestUnusableFile checks that a data file which is something else is named in one clear error and left as it is.
func TestUnusableFile(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, want string
		create     func(t *testing.T, file string)
	}{
		{"text", "not a database", func(t *testing.T, file string) {
			write(t, file, strings.Repeat("Dear diary, ", 1000))
		}},
		{"short text", "not a database", func(t *testing.T, file string) {
			write(t, file, "x")
		}},
		{"less than a page", "not a database", func(t *testing.T, file string) {
			write(t, file, strings.Repeat("x", 511))
		}},
		{"one page", "not a database", func(t *testing.T, file string) {
			write(t, file, strings.Repeat("x", 512))
		}},
		{"other database", "not a database of Temporal server", func(t *testing.T, file string) {
			execute(t, file, "CREATE TABLE bookmarks (url TEXT)")
			execute(t, file, "INSERT INTO bookmarks VALUES ('https://example.com')")
		}},
		{"other database in WAL mode", "not a database of Temporal server", func(t *testing.T, file string) {
			execute(t, file, "PRAGMA journal_mode=wal")
			execute(t, file, "CREATE TABLE bookmarks (url TEXT)")
		}},
		{"older Temporal", "it has no executions.db_record_version", func(t *testing.T, file string) {
			prepare(t, file)
			execute(t, file, "ALTER TABLE executions DROP COLUMN db_record_version")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "some.file")
			test.create(t, file)
			before := read(t, file)
			_, err := devserver.Start(testContext(t), devserver.Options{DataFile: file})
			wantError(t, err, file, test.want)
			if !bytes.Equal(read(t, file), before) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestUnusablePath(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := devserver.Start(testContext(t), devserver.Options{DataFile: dir})
	wantError(t, err, dir, "not a regular file")
	if exists(dir + ".lock") {
		t.Error("a lock file was created beside a directory")
	}

	plain := filepath.Join(dir, "plain")
	write(t, plain, "")
	below := filepath.Join(plain, "temporal.db")
	_, err = devserver.Start(testContext(t), devserver.Options{DataFile: below})
	wantError(t, err, below, "not a directory")
}

func TestReadOnlyFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "temporal.db")
	prepare(t, file)
	if err := os.Chmod(file, 0o400); err != nil {
		t.Fatal(err)
	}
	if f, err := os.OpenFile(file, os.O_WRONLY, 0); err == nil {
		f.Close()
		t.Skip("this user may write to read-only files")
	}
	_, err := devserver.Start(testContext(t), devserver.Options{DataFile: file})
	wantError(t, err, file, "readonly")
}

func TestEmptyFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "temporal.db")
	write(t, file, "")
	prepare(t, file)
	if len(read(t, file)) == 0 {
		t.Error("the file is still empty")
	}
}

// TestForgottenLock checks that the lock of a server that was not stopped holds even when nothing refers to it.
func TestForgottenLock(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "temporal.db")
	if _, err := devserver.Prepare(file); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		runtime.GC()
		_, err := devserver.Prepare(file)
		if _, ok := errors.AsType[*devserver.DatabaseLockedError](err); !ok {
			t.Fatalf("second lock: %v, want a DatabaseLockedError", err)
		}
	}
}

// wantError checks that err is one line with the file's name and want in it.
func wantError(t *testing.T, err error, file, want string) {
	t.Helper()
	if err == nil {
		t.Fatal("Start succeeded")
	}
	text := err.Error()
	if strings.Contains(text, "\n") || !strings.Contains(text, filepath.Base(file)) || !strings.Contains(text, want) {
		t.Errorf("Start returned %q, want one line with %q and the file", text, want)
	}
}

// prepare makes a database of file.
func prepare(t *testing.T, file string) {
	t.Helper()
	unlock, err := devserver.Prepare(file)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return !errors.Is(err, fs.ErrNotExist)
}

// execute runs an SQL statement on a database of its own.
func execute(t *testing.T, file, stmt string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(stmt); err != nil {
		t.Fatalf("%s: %v", stmt, err)
	}
}

// otherName returns a second name of file.
func otherName(t *testing.T, file string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(file, name); err != nil {
		t.Logf("no symbolic links here: %v", err)
		return file
	}
	return name
}

func removeDatabase(t *testing.T, file string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(file + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}
