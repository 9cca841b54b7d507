package test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// A series is what Prometheus answers with: its labels, and its value in an answer
// for a moment.
type series struct {
	Metric map[string]string
	Value  [2]any
	Values [][2]any
}

func (s series) number() float64 {
	text, _ := s.Value[1].(string)
	number, _ := strconv.ParseFloat(text, 64)
	return number
}

// ask is a query's answer for a moment.
func (f *fleet) ask(query string, at time.Time) []series {
	f.t.Helper()
	return f.answer("query", "query="+query, fmt.Sprintf("time=%d", at.Unix()))
}

// graph is a query's answer for the last minute.
func (f *fleet) graph(query string) []series {
	f.t.Helper()
	now := time.Now().Unix()
	return f.answer("query_range", "query="+query, fmt.Sprintf("start=%d", now-60), fmt.Sprintf("end=%d", now), "step=5")
}

func (f *fleet) answer(api string, params ...string) []series {
	f.t.Helper()
	argv := f.curl(api)
	for _, p := range params {
		argv = append(argv, "--data-urlencode", p)
	}
	var answer struct{ Data struct{ Result []series } }
	result := f.Run(argv...)
	if err := json.Unmarshal([]byte(result.Stdout), &answer); err != nil || result.Code != 0 {
		f.t.Fatalf("%v: %s: %s", err, params[0], result)
	}
	return answer.Data.Result
}

// values is what a label of the agent's own metrics can be.
func (f *fleet) values(label, match string) []string {
	f.t.Helper()
	var answer struct{ Data []string }
	text := f.Must(append(f.curl("label/"+label+"/values"), "--data-urlencode", "match[]="+match)...)
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		f.t.Fatal(err)
	}
	return answer.Data
}

// until waits until a query has an answer.
func (f *fleet) until(query string) {
	f.t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if r := f.Run(append(f.curl("query"), "--data-urlencode", "query="+query)...); r.Code == 0 && !strings.Contains(r.Stdout, `"result":[]`) {
			return
		}
	}
	f.t.Fatalf("Prometheus does not answer %s", query)
}

// curl asks Prometheus' API.
func (f *fleet) curl(api string) []string {
	return []string{"curl", "-sS", "--fail-with-body", "--get", "http://127.0.0.1:9090/api/v1/" + api}
}

// labels is the labels of series, in an order.
func labels(all []series) (texts []string) {
	for _, s := range all {
		delete(s.Metric, "__name__")
		text, _ := yaml.Marshal(s.Metric)
		texts = append(texts, string(text))
	}
	slices.Sort(texts)
	return texts
}
