"""Films made by code: whole ones of many kinds, and each way in which a recorder's file can be broken."""
