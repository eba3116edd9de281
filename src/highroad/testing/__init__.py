"""What users test with: pytest plugin, fakes, fault injection, a contract kit per port."""
