"""What every page shares, staff or public: languages, layout, dates, forms, refusals. Knows no table and no person."""
