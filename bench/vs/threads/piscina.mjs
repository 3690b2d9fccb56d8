export default ({ data }) => data.total;
