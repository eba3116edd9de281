"""Functions that a query may call: those that compute from their arguments, and do nothing else.

Taken from the function references of SQLite, PostgreSQL, MySQL and DuckDB. Left out is what reads
files, settings, catalogs or other databases; what waits, locks, writes, or runs SQL from a string;
and what makes much out of little (`repeat`, `lpad`, `printf`, `generate_series`).
"""

from typing import Final

from highroad.tools.semantic.sql.dialect import Dialect


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COMMON: Final = _names(
    """
    abs acos asin atan atan2 avg ceil ceiling coalesce concat concat_ws cos count cume_dist degrees
    dense_rank exp first_value floor grouping lag last_value lead length ln log lower ltrim max min
    mod nth_value ntile nullif percent_rank pi pow power radians rank replace round row_number rtrim
    sign sin sqrt substr substring sum tan trim upper
    """
)

_SQLITE: Final = _names(
    """
    char cosh date datetime glob group_concat hex ifnull iif instr json json_array json_array_length
    json_extract json_group_array json_group_object json_object json_quote json_type json_valid
    julianday like likelihood likely log10 log2 median octet_length percentile percentile_cont
    percentile_disc quote random sinh strftime string_agg tanh time timediff total trunc typeof
    unicode unixepoch unlikely
    """
)

_POSTGRES: Final = _names(
    """
    age any_value array array_agg array_length array_position array_positions array_remove
    array_to_string ascii bit_and bit_length bit_or bool_and bool_or btrim cardinality cbrt
    char_length character_length chr clock_timestamp corr cot covar_pop covar_samp date_bin
    date_part date_trunc decode div encode every extract factorial gcd greatest initcap isfinite
    json_agg json_array_length json_build_array json_build_object json_extract_path
    json_extract_path_text json_object_agg json_typeof jsonb_agg jsonb_array_length
    jsonb_build_array jsonb_build_object jsonb_extract_path jsonb_extract_path_text jsonb_object_agg
    jsonb_typeof justify_days justify_hours justify_interval lcm least left log10 make_date
    make_interval make_time make_timestamp make_timestamptz md5 mode now num_nonnulls num_nulls
    octet_length percentile_cont percentile_disc position quote_literal random regexp_count
    regexp_instr regexp_like regexp_match regexp_replace regexp_substr regr_avgx regr_avgy
    regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy reverse right
    row_to_json scale sha256 split_part starts_with statement_timestamp stddev stddev_pop
    stddev_samp string_agg string_to_array strpos to_char to_date to_json to_jsonb to_number
    to_timestamp transaction_timestamp translate trim_array trunc unnest var_pop var_samp variance
    width_bucket
    """
)

_MYSQL: Final = _names(
    """
    adddate addtime any_value ascii bin bit_and bit_count bit_length bit_or bit_xor char char_length
    character_length conv convert_tz cot crc32 curdate current_date current_time current_timestamp
    curtime date date_add date_format date_sub datediff day dayname dayofmonth dayofweek dayofyear
    elt extract field find_in_set format from_days from_unixtime get_format greatest group_concat
    hex hour if ifnull instr isnull json_array json_arrayagg json_contains json_contains_path
    json_depth json_extract json_keys json_length json_object json_objectagg json_overlaps
    json_quote json_search json_type json_unquote json_valid last_day lcase least left localtime
    localtimestamp locate log10 log2 makedate maketime md5 microsecond mid minute month monthname
    now oct octet_length ord period_add period_diff position quarter quote rand regexp_instr
    regexp_like regexp_replace regexp_substr reverse right sec_to_time second sha1 sha2 std stddev
    stddev_pop stddev_samp str_to_date strcmp subdate substring_index subtime sysdate time
    time_format time_to_sec timediff timestamp timestampadd timestampdiff to_days to_seconds
    truncate ucase unhex unix_timestamp utc_date utc_time utc_timestamp var_pop var_samp variance
    week weekday weekofyear year yearweek
    """
)

_DUCKDB: Final = _names(
    """
    age any_value approx_count_distinct approx_quantile arg_max arg_min array_agg array_length ascii
    bit_and bit_count bit_length bit_or bit_xor bool_and bool_or cardinality cbrt chr contains corr
    cot count_if covar_pop covar_samp current_date damerau_levenshtein date_add date_diff date_part
    date_sub date_trunc datediff datepart datesub datetrunc day dayname dayofmonth dayofweek
    dayofyear decade ends_with entropy epoch epoch_ms even extract favg first fsum gcd greatest
    hamming hash histogram hour ifnull instr isfinite isinf isnan isodow jaccard jaro_similarity
    json_array_length json_extract json_extract_string json_group_array json_keys json_type
    json_valid kahan_sum kurtosis last last_day lcase lcm least left len levenshtein list
    list_aggregate list_any_value list_avg list_contains list_count list_distinct list_extract
    list_filter list_max list_min list_position list_sort list_sum list_unique list_value log10 log2
    mad make_date make_time make_timestamp max_by md5 mean median min_by minute mode month monthname
    now percentile_cont percentile_disc position prefix product quantile quantile_cont quantile_disc
    quarter random regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace
    regexp_split_to_array regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx
    regr_sxy regr_syy reverse right round_even second sem sha256 skewness split split_part
    starts_with stddev stddev_pop stddev_samp str_split strftime string_agg string_split
    strip_accents strlen strpos strptime struct_extract struct_pack suffix sumkahan time_bucket
    timezone to_days to_hours to_milliseconds to_minutes to_months to_seconds to_timestamp to_weeks
    to_years today translate trunc try_strptime ucase unicode unnest var_pop var_samp variance week
    weekday weekofyear year yearweek
    """
)

PURE: Final = {
    Dialect.SQLITE: _COMMON | _SQLITE,
    Dialect.POSTGRES: _COMMON | _POSTGRES,
    Dialect.MYSQL: _COMMON | _MYSQL,
    Dialect.DUCKDB: _COMMON | _DUCKDB,
}
"""By dialect, in lower case."""
