package roster

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// Run with -update, what is read now becomes what must be read.
var update = flag.Bool("update", false, "write the neighbours of testdata/exports anew")

const corpus = "../../testdata/exports"

// A sampleFile is a file of the corpus; its neighbour, the same name with .txt behind it, holds the flags it is read with, a
// line flags: …, and then what it must be read as.
type sampleFile struct {
	path  string
	name  string
	bytes []byte
	flags string
	want  string
}

func samples(t testing.TB, dir string) []sampleFile {
	t.Helper()
	var files []sampleFile
	err := filepath.WalkDir(filepath.Join(corpus, dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		neighbour, err := os.ReadFile(path + ".txt")
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it is a neighbour itself
		}
		s := sampleFile{path: path, name: d.Name(), want: string(neighbour)}
		if rest, ok := strings.CutPrefix(s.want, "flags: "); ok {
			s.flags, s.want, _ = strings.Cut(rest, "\n")
		}
		if s.bytes, err = os.ReadFile(path); err == nil {
			files = append(files, s)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// options are what the command line would make of the flags.
func (s sampleFile) options(t testing.TB) Options {
	t.Helper()
	var o Options
	words := splitFlags(s.flags)
	for i := 0; i+1 < len(words); i += 2 {
		switch v := words[i+1]; words[i] {
		case "--subject":
			o.Subject = v
		case "--name":
			o.Name = v
		case "--email":
			o.Email = v
		case "--encoding":
			o.Encoding = v
		case "--delimiter":
			o.Delimiter, _ = utf8.DecodeRuneInString(v)
		case "--header-row":
			n, err := strconv.Atoi(v)
			if err != nil {
				t.Fatal(err)
			}
			o.HeaderRow = n
		default:
			t.Fatalf("%s: unknown flag %q", s.name, words[i])
		}
	}
	return o
}

// splitFlags cuts at spaces outside single quotes.
func splitFlags(s string) []string {
	var words []string
	quoting := false
	var word strings.Builder
	for _, r := range s + " " {
		switch {
		case r == '\'':
			quoting = !quoting
		case r == ' ' && !quoting:
			if word.Len() > 0 {
				words = append(words, word.String())
			}
			word.Reset()
		default:
			word.WriteRune(r)
		}
	}
	return words
}

func (s sampleFile) compare(t *testing.T, got string) {
	t.Helper()
	if *update {
		text := got
		if s.flags != "" {
			text = "flags: " + s.flags + "\n" + got
		}
		if err := os.WriteFile(s.path+".txt", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(s.want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestExportsAreReadAsTheirNeighbourSays(t *testing.T) {
	files := samples(t, "good")
	if len(files) < 30 {
		t.Fatalf("only %d exports", len(files))
	}
	for _, s := range files {
		t.Run(s.name, func(t *testing.T) {
			f, err := open(t, s.name, s.bytes, s.options(t))
			if err != nil {
				t.Fatal(err)
			}
			s.compare(t, describe(t, f))
		})
	}
}

// describe shows all that is read from a file.
func describe(t *testing.T, f *File) string {
	t.Helper()
	var b strings.Builder
	rows := 0
	for r, err := range f.Records() {
		if err != nil {
			t.Fatal(err)
		}
		rows++
		fmt.Fprintf(&b, "\nrow %d, line %d: subject %q, name %q, email %q\n", r.Number, r.Line, r.Subject, r.Name, r.Email)
		fmt.Fprintf(&b, "  cells   %q\n", r.Fields)
		fmt.Fprintf(&b, "  written %s\n", strconv.Quote(string(r.AppendTo(nil, 0, len(r.Fields)))))
		invalid, warning := f.Check(r, false)
		if invalid != "" {
			fmt.Fprintf(&b, "  invalid %s\n", invalid)
		}
		if warning != "" {
			fmt.Fprintf(&b, "  warning %s\n", warning)
		}
	}
	head := f.Decision(rows) + "\n"
	if f.Note() != "" {
		head += f.Note() + "\n"
	}
	d := f.Dialect
	return head + fmt.Sprintf("line ends %q, plain %v\nheader  %q\n", d.LineEnd, d.Plain, f.Header) + b.String()
}

func TestBrokenFilesAreRefusedAsTheirNeighbourSays(t *testing.T) {
	files := samples(t, "bad")
	if len(files) < 30 {
		t.Fatalf("only %d broken files", len(files))
	}
	for _, s := range files {
		t.Run(s.name, func(t *testing.T) {
			var refusal *Error
			if err := refuse(t, s); !errors.As(err, &refusal) {
				t.Fatalf("got %v, want an *Error", err)
			}
			got := "error: " + refusal.Error() + "\n"
			if len(refusal.Flags) > 0 {
				got += fmt.Sprintf("flags: %q\n", refusal.Flags)
			}
			if refusal.Hint != "" {
				got += "hint: " + refusal.Hint + "\n"
			}
			s.compare(t, got)
		})
	}
}

// refuse opens and reads a file as the ledger does.
func refuse(t *testing.T, s sampleFile) error {
	f, err := open(t, s.name, s.bytes, s.options(t))
	if err != nil {
		return err
	}
	var doubts Doubts
	for _, err := range f.Records() {
		if err != nil && !doubts.Add(err) {
			return err
		}
	}
	return doubts.Err()
}
