package main

import (
	"encoding/csv"
	"os"
	"strings"
)

// fataler is what testscript and testing have in common.
type fataler interface {
	Fatalf(format string, args ...any)
}

// readResults reads a comma-separated result file with encoding/csv, which shares no code with ours.
func readResults(t fataler, path string) []map[string]string {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v", err)
	}
	records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(b), "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if len(records) == 0 {
		t.Fatalf("%s is empty", path)
	}
	rows := make([]map[string]string, 0, len(records))
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, cell := range record {
			row[records[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}
