package durablemcp

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// TestJSONNames checks that a struct with JSON names has one for each exported field: a field
// that only the server needs is otherwise published under its Go name.
func TestJSONNames(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if s, ok := node.(*ast.StructType); ok {
				for _, field := range withoutJSONName(s) {
					t.Errorf("%s: %s has no JSON name, but fields beside it have: give it one, or \"-\"", set.Position(field.Pos()), field.Name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// withoutJSONName lists the exported fields without a json tag of a struct that has such tags.
func withoutJSONName(s *ast.StructType) (fields []*ast.Ident) {
	named := false
	for _, field := range s.Fields.List {
		if field.Tag != nil {
			if tag, err := strconv.Unquote(field.Tag.Value); err == nil {
				if _, ok := reflect.StructTag(tag).Lookup("json"); ok {
					named = true
					continue
				}
			}
		}
		for _, name := range field.Names {
			if name.IsExported() {
				fields = append(fields, name)
			}
		}
	}
	if !named {
		return nil
	}
	return fields
}
