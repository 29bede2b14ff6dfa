package provision_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A wall clock that is set while a run is on moves no wait and ends no token early, as long as times that are compared still have the monotonic reading
// that time.Now gave them. No test can set the clock of one process, so what loses that reading, or never had one, is listed here with what it is for.
func TestWhatGoesByTheWallClockIsKnown(t *testing.T) {
	losing := []string{"UTC", "Local", "In", "Round", "Truncate", "AddDate", "Unix", "UnixMilli", "UnixMicro", "UnixNano", "Date", "ParseTime", "ParseInLocation", "UnmarshalJSON", "UnmarshalText"}
	want := map[string]string{
		"match.go onTenantAs UTC":                   "the day a user was created, for people",
		"settle.go note UTC":                        "when a row was done, for people",
		"qlik/errors.go retryAfter ParseTime":       "two times of the tenant's clock, one from the other; ours only where it keeps its own to itself",
		"qlik/users.go UnmarshalJSON UnmarshalJSON": "when a user was created, by the tenant's clock",
		"qlik/users.go pages ParseTime":             "the tenant's clock",
	}
	found := map[string]string{}
	for _, pattern := range []string{"*.go", "qlik/*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				f, ok := d.(*ast.FuncDecl)
				if !ok {
					continue
				}
				ast.Inspect(f, func(n ast.Node) bool {
					if call, ok := n.(*ast.CallExpr); ok {
						if called, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains(losing, called.Sel.Name) {
							place := filepath.ToSlash(name) + " " + f.Name.Name + " " + called.Sel.Name
							found[place] = want[place]
						}
					}
					return true
				})
			}
		}
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("where a time has no monotonic reading (-known +found):\n%s", diff)
	}
}
