// logql reads a JSON list of LogQL queries and writes a JSON list of what Loki's own parser says of each: "" is nothing.
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/grafana/loki/v3/pkg/logql/syntax"
)

func main() {
	var queries []string
	if err := json.NewDecoder(os.Stdin).Decode(&queries); err != nil {
		log.Fatalf("logql: expected a JSON list of queries: %v", err)
	}
	said := make([]string, len(queries))
	for place, query := range queries {
		if _, err := syntax.ParseExpr(query); err != nil {
			said[place] = err.Error()
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		log.Fatal(err)
	}
}
