package devserver

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"
)

// A DatabaseLockedError reports that another server uses the data file.
type DatabaseLockedError struct {
	// File is the data file, as an absolute path.
	File string
}

func (e *DatabaseLockedError) Error() string {
	return fmt.Sprintf("database file %s is in use by another server; stop that one or choose another file", e.File)
}

// heldLocks keeps the locks from being garbage collected, which would release them: a server whose Server nobody keeps
// runs on.
var heldLocks sync.Map // of *flock.Flock

// lockDatabase claims the data file for this server until the returned function is called or the process ends, however
// it ends: two servers on one file would ruin each other. It creates the directories above the file, and returns the
// file's real path. With an empty file it does nothing.
func lockDatabase(file string) (path string, unlock func(), err error) {
	if file == "" {
		return "", func() {}, nil
	}
	path, err = realPath(file)
	if err != nil {
		return "", nil, fmt.Errorf("database file %s: %w", file, err)
	}
	lock := flock.New(path + ".lock")
	locked, err := lock.TryLock()
	if err != nil {
		return "", nil, fmt.Errorf("database file %s: cannot be locked: %w", path, err)
	}
	if !locked {
		return "", nil, &DatabaseLockedError{File: path}
	}
	heldLocks.Store(lock, nil)
	return path, func() {
		heldLocks.Delete(lock)
		// The lock file stays. Else one process could hold a lock on a removed file and another on a new one.
		_ = lock.Unlock()
	}, nil
}

// realPath returns the one absolute path of a file, so that a file with two names has one lock. It creates the
// directories above the file. The file itself need not exist, but nothing else may be in its place.
func realPath(file string) (string, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return "", errors.New("not a regular file")
	case err == nil:
		return filepath.EvalSymlinks(path)
	case errors.Is(err, fs.ErrNotExist):
		dir, err := filepath.EvalSymlinks(filepath.Dir(path))
		return filepath.Join(dir, filepath.Base(path)), err
	default:
		return "", err
	}
}
