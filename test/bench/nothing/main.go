// Nothing starts and exits: what any static Go program costs.
package main

func main() {}
