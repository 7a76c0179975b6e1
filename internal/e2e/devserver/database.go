package devserver

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/headers"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/schema/sqlite"
)

const (
	// sqliteDriver is the database/sql driver that comes with the SQLite plugin.
	sqliteDriver = "sqlite"

	// smallestPage is the size of the smallest page, and so of the smallest database, that SQLite makes.
	smallestPage = 512
)

// openDatabase makes sure that the database holds Temporal's tables and the namespace, and returns how the server
// connects to it. An empty file name means a new database in memory.
func openDatabase(file, namespace string, attrs map[string]enumspb.IndexedValueType) (*config.SQL, error) {
	cfg := memoryConfig()
	if file != "" {
		if err := prepareFile(file); err != nil {
			return nil, fmt.Errorf("database file %s: %w", file, err)
		}
		cfg = fileConfig(file)
	}
	ns, err := sqlite.NewNamespaceConfig(clusterName, namespace, false, attrs)
	if err != nil {
		return nil, fmt.Errorf("namespace %s: %w", namespace, err)
	}
	// One insert of one row, and none if the namespace exists: a kill cannot leave half of it.
	if err := sqlite.CreateNamespaces(cfg, ns); err != nil {
		return nil, fmt.Errorf("create namespace %s in %s: %w", namespace, cmp.Or(file, "memory"), err)
	}
	return cfg, nil
}

// memoryConfig returns the configuration of a new database in memory. The process keeps that database until it ends.
func memoryConfig() *config.SQL {
	return &config.SQL{
		PluginName:        sqliteplugin.PluginName,
		DatabaseName:      uuid.NewString(),
		ConnectAttributes: map[string]string{"mode": "memory", "cache": "shared"},
		MaxConns:          1,
		MaxIdleConns:      1,
	}
}

// fileConfig returns the configuration of the database in file, which must exist.
func fileConfig(file string) *config.SQL {
	return &config.SQL{
		PluginName:   sqliteplugin.PluginName,
		DatabaseName: uriPath(file),
		ConnectAttributes: map[string]string{
			"mode":         "rw",
			"journal_mode": "wal",
			"synchronous":  "normal",
			"busy_timeout": "10000", // milliseconds, for other programs that look into the file
			// The plugin keeps a connection for every distinct configuration until the process ends, and would use it
			// again, even if the file has been replaced since. This one is distinct; SQLite ignores it.
			"setup": uuid.NewString(),
		},
		MaxConns:     1, // several writers would get in each other's way
		MaxIdleConns: 1,
		// The plugin never closes a connection, so this is what closes it after Stop.
		MaxConnLifetime: time.Minute,
	}
}

// uriPath returns the absolute path of file in the form that follows "file:" in an SQLite URI.
func uriPath(file string) string {
	path := filepath.ToSlash(file)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a Windows drive
	}
	return "//" + (&url.URL{Path: path}).EscapedPath()
}

// prepareFile creates the tables in a new or empty file, and checks that any other file has them. All of it is one
// transaction, so a kill in between leaves an empty database, and a foreign file stays as it was.
func prepareFile(file string) error {
	if err := createFile(file); err != nil {
		return err
	}
	db, err := sqlx.Open(sqliteDriver, "file:"+uriPath(file)+"?mode=rw&_txlock=immediate")
	if err != nil {
		return err
	}
	defer db.Close()
	// Write access is needed from here on, so a read-only file is found out now.
	tx, err := db.Beginx()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()

	columns, err := columnsOf(tx)
	if err != nil {
		return err
	}
	if len(columns) > 0 {
		return checkColumns(columns)
	}
	if err := createTables(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// createFile creates an empty file, for this user alone, unless it exists. It reports an error for a file that is too
// short for a database but not empty, because SQLite would overwrite that.
func createFile(file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		return f.Close()
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if size := info.Size(); size > 0 && size < smallestPage {
		return errors.New("file is not a database")
	}
	return nil
}

// checkColumns reports an error if one of the columns of Temporal's tables is missing.
func checkColumns(have []string) error {
	db, err := sqlx.Open(sqliteDriver, ":memory:")
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // each connection would have a database of its own
	if err := createTables(db); err != nil {
		return err
	}
	want, err := columnsOf(db)
	if err != nil {
		return err
	}
	for _, column := range want {
		if !slices.Contains(have, column) {
			return fmt.Errorf("not a database of Temporal server %s: it has no %s", headers.ServerVersion, column)
		}
	}
	return nil
}

// columnsOf returns the columns of all tables, as table.column.
func columnsOf(db sqlx.Queryer) ([]string, error) {
	var columns []string
	err := sqlx.Select(db, &columns, `SELECT t.name || '.' || c.name FROM sqlite_master t, pragma_table_info(t.name) c
		WHERE t.type = 'table' ORDER BY 1`)
	return columns, err
}

// createTables creates Temporal's tables.
func createTables(db sqlx.Execer) error {
	return sqlite.SetupSchemaOnDB(schemaDB{db: db})
}

// schemaDB is as much of an AdminDB as SetupSchemaOnDB uses. Its own way to open a file cannot be used for a
// transaction.
type schemaDB struct {
	sqlplugin.AdminDB
	db sqlx.Execer
}

func (s schemaDB) Exec(stmt string, args ...any) error {
	_, err := s.db.Exec(stmt, args...)
	return err
}
